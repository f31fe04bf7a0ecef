"""Support tickets: a help desk's cursor API, opened by a token that expires.

Why it is read this way:

- The list is in the order of change, and the cursor stands after a change and a key, not at a
  position: a ticket that changes while one pages moves towards the end and comes again; no other
  one is missed. The present that bounds a run keeps a ticket dated in the future from pushing the
  watermark past all that is still to come, and a busy desk from never ending.
- A load takes a bounded number of pages. Its newest change is where the next one begins, itself
  included: several tickets may have changed in one second, on both sides of the cut. So a run that
  dies goes on after its last complete load. Cursors are not kept: the desk may let them expire.
- A token is renewed before its time is up, and also when the desk refuses it earlier: the request
  that was refused is then asked once more, in the middle of the paging.
- Requester, comments, status history and compensation stay JSON; SQL takes them apart.
"""

from __future__ import annotations

from typing import Any

import requests
from dlt.common.configuration import configspec
from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from ingest.loads.configuration import Secret
from ingest.loads.source import SourceError
from ingest.sources.web.api import Api, host_of
from ingest.sources.web.source import WebSource


class LimitedCursor(JSONResponseCursorPaginator):
    """A cursor that ends after so many pages.

    Attributes:
        is_cut: there are more pages than were to be read.
    """

    def __init__(self, pages: int) -> None:
        """Begin at the first page.

        Args:
            pages: how many pages to read.
        """
        super().__init__("meta.after_cursor", "cursor", has_more_path="meta.has_more")
        self.pages_left = pages
        self.is_cut = False
        self.cursors: set[str] = set()

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """Take the next cursor, unless enough was read.

        Args:
            response: the page's answer.
            data: its rows.

        Raises:
            SourceError: the API sends us round in circles.
        """
        super().update_state(response, data)
        if self._has_next_page:
            if self._next_reference in self.cursors:
                raise SourceError(
                    f"The source tickets at {host_of(response.url)} returns the same cursor "
                    f"again, so its pages never end: ask its provider; the next run goes on after "
                    f"the "
                    "last complete load."
                )
            self.cursors.add(str(self._next_reference))
        self.pages_left -= 1
        self.is_cut = self._has_next_page and self.pages_left == 0
        self._has_next_page = self._has_next_page and not self.is_cut


@configspec
class RenewedToken(OAuth2ClientCredentials):
    """Client credentials whose token is also renewed when the server refuses it."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request, and ask it once more if it is refused.

        Args:
            request: the request.
        """
        signed = super().__call__(request)
        signed.register_hook("response", self._ask_again)
        return signed

    def _ask_again(self, response: requests.Response, **options: Any) -> requests.Response:
        if response.status_code != requests.codes.unauthorized:
            return response
        self.obtain_token()
        again = response.request.copy()
        again.hooks = {"response": []}
        again.headers["Authorization"] = f"Bearer {self.access_token}"
        response.close()
        return self.session.send(again, **options)


def _token(api: Api, session: requests.Session) -> RenewedToken:
    return RenewedToken(
        access_token_url=f"{api.url}/oauth/token",
        client_id=api.secrets["client_id"],
        client_secret=api.secrets["client_secret"],
        session=session,
    )


class TicketsApi(Api):
    """The section [sources.tickets]."""

    client_id: Secret
    client_secret: Secret


TICKETS = WebSource(
    name="tickets",
    table="tickets",
    declaration=TicketsApi,
    path="/v2",
    opened_by=_token,
    pages=lambda _, pages: LimitedCursor(pages),
    total=lambda answer: int(answer["meta"]["total"]),
    erasure=("remember_tickets", "erase_tickets"),
    people=("raw_pos.customers", "raw_pos.orders"),
)
