"""What all web APIs have in common: patience, a present, and errors in one sentence.

- A request that gets no answer, a broken one, 429 or 5xx is repeated, at most `ATTEMPTS` times in
  all, with growing pauses and some luck in them, so that many clients do not come back at once. The
  server's Retry-After is honoured, but never longer than `LONGEST_PAUSE`.
- The present is the server's, from the header Date of an answer, less `SETTLING`: its clock and its
  database may disagree by some seconds, and rows may commit late.
- Rows that commit later still are missed by any cursor. So a run ends by asking how many rows there
  are; where the raw layer has fewer, everything is read again (`pipeline._run_api`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import dlt
import requests
from dlt.common.schema.exceptions import DataValidationError
from dlt.sources.helpers.requests import Session
from dlt.sources.helpers.requests.retry import (
    DEFAULT_RETRY_EXCEPTIONS,
    DEFAULT_RETRY_STATUS,
    retry_if_status,
    wait_exponential_retry_after,
)
from tenacity import Retrying, retry_any, retry_if_exception_type, stop_after_attempt, wait_random

from ingest.warehouse import WarehouseError

if TYPE_CHECKING:
    from dlt.common.schema.typing import TColumnSchema
    from dlt.extract import DltSource
    from dlt.sources.helpers.rest_client.paginators import BasePaginator
    from dlt.sources.rest_api.typing import Endpoint, EndpointResource

CONFIG_FILE, SECRETS_FILE = ".dlt/config.toml", ".dlt/secrets.toml"
ATTEMPTS = 6
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0  # seconds
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
SETTLING = timedelta(minutes=1)
UNREADABLE = re.compile("[\\x00\\ud800-\\udfff]")
"""The character nul, and halves of characters, as of a text that was cut within an emoji."""

BEGINNING = "2000-01-01T00:00:00Z"
"""Before anything that an API may know."""


class ApiError(WarehouseError):
    """An API cannot be read; the message says which, why and what to do, in one sentence."""


@dataclass(frozen=True)
class Api:
    """Where a web API is, and what opens it.

    Attributes:
        name: the source's name, for example "social".
        url: the address that its paths follow.
        secrets: by name, as the configuration calls them.
        page_rows: rows to ask for per page.
        chunk_pages: pages per load: what a run that dies has to read again at most.
    """

    name: str
    url: str
    secrets: dict[str, str] = field(repr=False)
    page_rows: int = 100
    chunk_pages: int = 50


class Probe(NamedTuple):
    """What an API says of itself.

    Attributes:
        present: the newest moment up to which its rows can be taken to be complete.
        rows: how many rows were asked about.
    """

    present: str
    rows: int


class Pages(Protocol):
    """A paginator of dlt's that ends after so many pages."""

    is_cut: bool
    """There are more pages than were to be read."""


@dataclass(frozen=True)
class WebSource:
    """A source system behind a web API, as the pipeline runs it.

    Attributes:
        name: the source's name; its raw schema is `raw_<name>`.
        table: the raw table with the key `id`.
        columns: its columns, as dlt knows them.
        secrets: the names of what opens it.
        probe: asks the API what time it is, and how many rows changed last before a moment; before
            its present, if none is given.
        read: given the API, the moment up to which a run reads and a number of pages, reads at most
            so many pages of what has changed since the last complete load; without a number, all
            that there is, from the beginning.
    """

    name: str
    table: str
    columns: list[TColumnSchema]
    secrets: tuple[str, ...]
    probe: Callable[[Api, str | None], Probe]
    read: Callable[[Api, str, int | None], tuple[DltSource, Pages]]


def is_configured(name: str) -> bool:
    """Say whether the configuration has an address of a source, or the sample company's."""
    return is_sample(name) or bool(_url(name))


@contextmanager
def reached(source: WebSource) -> Iterator[Api]:
    """Find a source's API; the sample company's answers for as long as this lasts.

    Args:
        source: the source.

    Raises:
        ApiError: an address without what opens it, or one that cannot be read.
        WarehouseError: the sample company's API has nothing to say yet.
    """
    if not is_sample(source.name):
        yield _configured(source)
        return
    from sample.web import Server

    with Server() as server:
        url, opened_by = server.access(source.name)
        yield _with_limits(Api(source.name, url, opened_by))


def _configured(source: WebSource) -> Api:
    """Read from dlt's configuration where an API is.

    Raises:
        ApiError: an address without what opens it, or one that cannot be read.
    """
    section = f"sources.{source.name}"
    url = _url(source.name)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        raise ApiError(
            f"The url of the source {source.name} cannot be read: write it as "
            f"https://api.example.com/v1 into [{section}] of {CONFIG_FILE}, with no password in it."
        )
    found: dict[str, str] = {}
    for name in source.secrets:
        value: Any = dlt.secrets.get(f"{section}.{name}") or dlt.config.get(f"{section}.{name}")
        if not value:
            raise ApiError(
                f"The source {source.name} has a url and no {name}: write it into [{section}] of "
                f"{SECRETS_FILE}, or into {section.replace('.', '__').upper()}__{name.upper()}."
            )
        found[name] = str(value)
    return _with_limits(Api(source.name, url.rstrip("/"), found))


def _with_limits(api: Api) -> Api:
    """Return an API with the configuration's page and chunk sizes."""
    limits: dict[str, Any] = {
        limit: dlt.config.get(f"sources.{api.name}.{limit}", int) or getattr(api, limit)
        for limit in ("page_rows", "chunk_pages")
    }
    return replace(api, **limits)


def is_sample(name: str) -> bool:
    """Say whether a source is the sample company's."""
    return bool(dlt.config.get(f"sources.{name}.sample", bool)) and not _url(name)


def _url(name: str) -> str:
    key = f"sources.{name}.url"
    return str(dlt.secrets.get(key) or dlt.config.get(key) or "")


def session(
    connect_seconds: float | None = None, read_seconds: float | None = None
) -> requests.Session:
    """Return a session that is patient within bounds.

    Args:
        connect_seconds: how long a connection may take; default `CONNECT_SECONDS`.
        read_seconds: how long the server may be silent; default `READ_SECONDS`.
    """
    patient = Session(
        timeout=(connect_seconds or CONNECT_SECONDS, read_seconds or READ_SECONDS),
        raise_for_status=False,
    )
    retrying = Retrying(
        retry=retry_any(
            retry_if_status(DEFAULT_RETRY_STATUS),
            retry_if_exception_type(DEFAULT_RETRY_EXCEPTIONS),
        ),
        wait=wait_exponential_retry_after(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE)
        + wait_random(0, FIRST_PAUSE),
        stop=stop_after_attempt(ATTEMPTS),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    # requests has no other place for it: an adapter's retries know neither jitter nor our bounds
    patient.send = retrying.wraps(patient.send)  # type: ignore[method-assign]  # why: line above
    return patient


def present(response: requests.Response) -> str:
    """Return the newest moment up to which an API's rows can be taken to be complete.

    Args:
        response: any answer of it.

    Raises:
        ApiError: it does not say what time it is.
    """
    try:
        moment = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        raise ApiError(
            f"The API at {host_of(response.url)} sends no readable header Date: without it nobody "
            "can say up to when its rows are complete; ask its makers, or read it otherwise."
        ) from None
    return f"{moment.astimezone(UTC) - SETTLING:%Y-%m-%dT%H:%M:%SZ}"


def explain(error: BaseException, api: Api) -> str:
    """Return one sentence on why an API's load failed, without its secrets.

    Args:
        error: what was raised.
        api: the API.
    """
    for inner in _chain(error):
        if isinstance(inner, WarehouseError):
            return _hide(str(inner), api)
        if isinstance(inner, requests.RequestException):
            return _hide(_of_the_web(inner, api), api)
        if isinstance(inner, DataValidationError):
            return (
                f"The column {inner.table_name}.{inner.column_name.partition('__v_')[0]} of the "
                f"source {api.name} has "
                "changed its type, or holds a value of another one: nothing of this load came in; "
                "ask the API's makers, or adapt the column's type in ingest/sources and in raw."
            )
    *_, innermost = _chain(error)
    if isinstance(innermost, KeyError):
        return _hide(
            f"The source {api.name} at {host_of(api.url)} answers without {innermost}, which its "
            "lists have: ask its makers; the next run goes on after the last complete load.",
            api,
        )
    lines = [line.strip() for line in str(innermost).splitlines() if line.strip()]
    text = f"{type(innermost).__name__}: {lines[0] if lines else 'no message'}"
    return _hide(f"Loading {api.name} from {host_of(api.url)} failed: {text}", api)


def _of_the_web(error: requests.RequestException, api: Api) -> str:
    place = f"The source {api.name} at {host_of(api.url)}"
    goes_on = "the next run goes on after the last complete load"
    status = error.response.status_code if error.response is not None else None
    if status in (401, 403):
        names = " and ".join(api.secrets)
        return (
            f"{place} refuses its {names} ({status}): correct them in [sources.{api.name}] of "
            f"{SECRETS_FILE} or in the environment; {goes_on}."
        )
    if status in DEFAULT_RETRY_STATUS:
        what = "asks for more patience" if status == 429 else "is broken"
        return (
            f"{place} {what} (it answered {status} to {ATTEMPTS} attempts): try again later, or "
            f"ask its makers; {goes_on}."
        )
    if status is not None:
        return (
            f"{place} does not understand what it is asked (it answered {status}): check the url "
            f"in [sources.{api.name}] of {CONFIG_FILE}, and whether the API has changed."
        )
    if isinstance(error, requests.exceptions.JSONDecodeError):
        return (
            f"{place} answers with something that is no JSON: check the url in "
            f"[sources.{api.name}] of {CONFIG_FILE}, or try again later; {goes_on}."
        )
    why = "no answer in time" if isinstance(error, requests.Timeout) else "no connection"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        why = "answers break off"
    return (
        f"{place} cannot be read ({why}, after {ATTEMPTS} attempts): check that it runs and the "
        f"url in [sources.{api.name}] of {CONFIG_FILE}; {goes_on}."
    )


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and those behind it, the outermost first."""
    chain = [error]
    while (inner := getattr(chain[-1], "exception", None) or chain[-1].__cause__) not in chain:
        if not isinstance(inner, BaseException):
            break
        chain.append(inner)
    return chain


def host_of(url: str) -> str:
    """Return an address without what may be secret in it.

    Args:
        url: the address.
    """
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _hide(text: str, api: Api) -> str:
    for secret in api.secrets.values():
        text = text.replace(secret, "***")
    return text


def changes(
    table: str,
    columns: list[TColumnSchema],
    before: str,
    page_rows: int,
    paginator: BasePaginator,
    *,
    everything: bool = False,
) -> EndpointResource:
    """Describe to dlt a list that is read by the time of change.

    Args:
        table: the list's name, in the API's address, its answers and the raw schema.
        columns: of the raw table; `id` is its key, `updated_at` the time of change.
        before: the moment up to which is read.
        page_rows: rows per page.
        paginator: how to page.
        everything: read from the beginning, not from where the last complete load stood.
    """
    endpoint: Endpoint = {
        "path": table,
        "params": {
            "updated_since": BEGINNING if everything else "{incremental.start_value}",
            "updated_before": before,
            "per_page": page_rows,
        },
        "data_selector": table,
        "paginator": paginator,
    }
    if not everything:
        endpoint["incremental"] = {
            "cursor_path": "updated_at",
            "initial_value": BEGINNING,
            # one row without a time of change lands, and waits in quarantine
            "on_cursor_value_missing": "include",
        }
    return {
        "name": table,
        "primary_key": "id",
        "write_disposition": {"disposition": "merge", "strategy": "delete-insert"},
        # Of two versions in one load the newer one stays.
        "columns": [
            {**column, "dedup_sort": "desc"} if column["name"] == "updated_at" else column
            for column in columns
        ],
        "endpoint": endpoint,
        "processing_steps": [{"map": _landing}],
    }


def _landing(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as the raw layer keeps it."""
    readable: dict[str, Any] = _readable(row)
    readable["_deleted_at"] = readable.pop("deleted_at", None)
    return readable


def _readable(value: Any) -> Any:
    """Return a value without what JSON can hold and Postgres cannot, at any depth."""
    if isinstance(value, str):
        return UNREADABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_readable(name): _readable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_readable(part) for part in value]
    return value
