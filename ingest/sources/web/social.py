"""Social posts: a page-numbered API with a key, read in the order of change.

Why it is read this way:

- The pages are of a list that goes on changing while one pages. Asked for the oldest change first
  and only for changes between a watermark and a fixed present, rows can leave that list (whatever
  changes again moves beyond the present) but none can enter it. A row that leaves moves all later
  ones up, so one of them would be on a page already read. The `total` of each answer says how many
  have left, and `ShiftingPages` goes back to where a gap may be. What is read twice is merged by
  its key; what has left comes with the next run.
- A load takes a bounded number of pages. Its newest change is where the next one begins, itself
  included: several posts may have changed in one second, on both sides of the cut. So a run that
  dies goes on after its last complete load. A load ends only where no page read leaves a gap.
- Posts that their authors deleted come as a key, the measures and `deleted_at`: the platforms
  demand that the content goes, so the raw layer gives it up, too; the row stays, `_deleted_at` set.
- Author, hashtags, mentions and place stay JSON; SQL takes them apart.
"""

from __future__ import annotations

from typing import Any

import requests
from dlt.sources.helpers.rest_client.auth import APIKeyAuth
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator

from ingest.loads.configuration import CONFIG_FILE, Secret
from ingest.loads.source import SourceError
from ingest.sources.web.api import Api
from ingest.sources.web.source import WebSource


class ShiftingPages(PageNumberPaginator):
    """Pages of a list from which rows may leave, read without a gap.

    The first `known` rows of the list are certainly read. A page that begins after them, because
    rows left, is remembered as `ahead` while the gap before it is read.

    Attributes:
        is_cut: there are more rows than were to be read.
    """

    def __init__(self, page_rows: int, pages: int) -> None:
        """Begin at the first page.

        Args:
            page_rows: rows per page.
            pages: how many pages to read; what is read twice does not count.
        """
        super().__init__(base_page=1, page_param="page", total_path=None)
        self.page_rows = page_rows
        self.most_rows = page_rows * pages
        self.total = self.known = 0
        self.ahead: range | None = None
        self.is_cut = False

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """Decide which page comes next.

        Args:
            response: the page's answer.
            data: its rows.

        Raises:
            SourceError: a page before the last is not full: the pages' numbers mean something else.
        """
        answer = response.json()
        total, pages = int(answer["total"]), int(answer["pages"])
        start = (self.current_value - 1) * self.page_rows
        page = range(start, start + len(data or []))
        is_short = page.stop < total and len(page) < self.page_rows
        if is_short and self.current_value < pages:
            raise SourceError(
                f"The source social gives {len(page)} posts on page {self.current_value} of {pages}"
                f" where {self.page_rows} were asked for: set page_rows to what it gives at most "
                f"in [sources.social] of {CONFIG_FILE}."
            )
        # Some APIs count what they do not hand out.
        end = page.stop if is_short else total
        gone = max(0, self.total - total)
        self.total = total
        # Those that left may have stood anywhere: what is certain shrinks at its end.
        self.known = max(0, self.known - gone)
        ahead = range(self.ahead.start, self.ahead.stop - gone) if self.ahead else range(0)
        if ahead and ahead.start <= page.stop:
            page = range(page.start, max(page.stop, ahead.stop))
        if page.start <= self.known:
            self.known, self.ahead = max(self.known, page.stop), None
        else:
            self.ahead = page
        self.current_value = self.known // self.page_rows + 1
        self._has_next_page = self.known < min(end, self.most_rows)
        self.is_cut = not self._has_next_page and self.known < end


class SocialApi(Api):
    """The section [sources.social]."""

    api_key: Secret


def _opened_by(api: Api, session: requests.Session) -> APIKeyAuth:
    del session  # a key needs no request of its own
    return APIKeyAuth(name="X-Api-Key", api_key=api.secrets["api_key"])


SOCIAL = WebSource(
    name="social",
    table="posts",
    declaration=SocialApi,
    path="",
    opened_by=_opened_by,
    pages=lambda api, pages: ShiftingPages(api.page_rows, pages),
    total=lambda answer: int(answer["total"]),
)
