"""Why a file cannot be of its feed: its header lacks a column, and which option may be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from difflib import get_close_matches

from ingest.loads.modelled import needed_columns
from ingest.sources.files.feed import Feed

RAW = "raw_files"
SHOWN_COLUMNS = 5


def misfit(
    feed: Feed, file: str, found: Sequence[str], known: AbstractSet[str], *, is_continued: bool
) -> str | None:
    """Return one sentence on what the header of a file lacks, if anything.

    Args:
        feed: the feed.
        file: the file's name.
        found: the columns that it has.
        known: those that the models read, or that the feed's other files have.
        is_continued: whether its beginning has landed before.
    """
    outlet = feed.branch_column
    has_branch = not outlet or outlet in found
    is_alien = not is_continued and known.isdisjoint(found)
    # an object of JSON has no keys for what it does not say
    needed = [] if feed.format == "jsonl" else needed_columns(RAW, "exports").get(feed.name, [])
    missing = [name for name in needed if name not in found]
    if has_branch and not is_alien and not missing:
        return None
    what = f"The file {file} of the feed {feed.name}"
    if any("x00" in name for name in found):
        return f"{what} is not {feed.encoding}: correct encoding in {feed.section}."
    if len(found) == 1 and feed.format == "csv":
        return (
            f"{what} has none of the feed's columns, but only one, {found[0]}: {feed.delimiter!r} "
            "is not in its header, so correct delimiter, or header if lines precede it, in "
            f"{feed.section}."
        )
    lacking = outlet if outlet and not has_branch else next(iter(missing), None)
    # what is read in a wrong encoding has the same letters but one or two
    strange = [name for name in found if name not in needed]
    alike = get_close_matches(lacking, strange, SHOWN_COLUMNS, 0.7) if lacking else []
    there = f"it has {', '.join(alike or found[:SHOWN_COLUMNS])}"
    option = "encoding" if alike else "header or delimiter"
    if not has_branch:
        return (
            f"{what} has no column {outlet!r}, which says the branch ({there}): correct "
            f"{'encoding or ' if alike else ''}branch_column in {feed.section}."
        )
    if is_alien:
        return (
            f"{what} has none of the feed's columns ({there}): correct its header, the delimiter "
            f"in {feed.section}, or remove the file."
        )
    return (
        f"{what} has no column {', '.join(missing)}, which the model reads ({there}): correct "
        f"{option} in {feed.section}, or the file; if files may lack it, write config: {{meta: "
        "{optional: true}} beside its name in models/staging/exports/_exports__sources.yml."
    )
