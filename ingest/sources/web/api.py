"""What all web APIs have in common: retries, the API's clock, and errors in one sentence.

- A request that gets no answer, a broken one, 429 or 5xx is repeated, at most `ATTEMPTS` times in
  all, with exponential backoff and jitter, so that many clients do not come back at once. The
  server's Retry-After is honoured, but never longer than `LONGEST_PAUSE`.
- The present is the server's, from the header Date of an answer, less `SETTLING`: its clock and its
  database may disagree by some seconds, and rows may commit late.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from dlt.common.schema.exceptions import DataValidationError
from dlt.sources.helpers.requests import Session
from dlt.sources.helpers.requests.retry import (
    DEFAULT_RETRY_EXCEPTIONS,
    DEFAULT_RETRY_STATUS,
    retry_if_status,
    wait_exponential_retry_after,
)
from pydantic import Field, SecretStr, field_validator
from tenacity import Retrying, retry_any, retry_if_exception_type, stop_after_attempt, wait_random

from ingest.loads.configuration import CONFIG_FILE, SECRETS_FILE, Declared
from ingest.loads.modelled import Columns
from ingest.loads.source import SourceError
from ingest.warehouse import WarehouseError, reason

if TYPE_CHECKING:
    from dlt.sources.helpers.rest_client.paginators import BasePaginator
    from dlt.sources.rest_api.typing import Endpoint, EndpointResource

ATTEMPTS = 6
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0  # seconds
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
SETTLING = timedelta(minutes=1)
UNREADABLE = re.compile("[\\x00\\ud800-\\udfff]")
"""NUL characters and unpaired surrogates, for example of text that was cut within an emoji."""

DLT_TYPES = {"jsonb": "json", "timestamp with time zone": "timestamp"}
"""dlt's names of Postgres' types, where they differ."""

BEGINNING = "2000-01-01T00:00:00Z"
"""Before anything that an API may know."""


class Api(Declared):
    """A web API: what its section of the configuration may say; a source adds what opens it.

    Attributes:
        name: the source's name, for example "social".
        url: the address that its paths follow.
        page_rows: rows to ask for per page.
        chunk_pages: pages per load: what a run that dies has to read again at most.
    """

    name: str
    url: str
    page_rows: int = Field(100, ge=1)
    chunk_pages: int = Field(50, ge=1)

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
            raise ValueError("write it as https://api.example.com/v1, with no password in it")
        return url.rstrip("/")

    @property
    def secrets(self) -> dict[str, str]:
        """What opens it, by the names of the configuration."""
        return {
            name: value.get_secret_value() for name, value in self if isinstance(value, SecretStr)
        }


def session() -> requests.Session:
    """Return a session with bounded retries and bounded waiting."""
    patient = Session(timeout=(CONNECT_SECONDS, READ_SECONDS), raise_for_status=False)
    retrying = Retrying(
        retry=retry_any(
            retry_if_status(DEFAULT_RETRY_STATUS), retry_if_exception_type(DEFAULT_RETRY_EXCEPTIONS)
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
        SourceError: it does not say what time it is.
    """
    try:
        moment = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        raise SourceError(
            f"The API at {host_of(response.url)} sends no readable Date header, so it is unknown "
            f"up to when its rows are complete: ask its provider, or read it in another way."
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
                f"source {api.name} has changed its type, or has a value of another type, so "
                f"nothing of this load was stored: ask the API's provider, or adapt the column's "
                f"type in ingest/sources and in raw."
            )
    *_, innermost = _chain(error)
    if isinstance(innermost, KeyError):
        return _hide(
            f"The source {api.name} at {host_of(api.url)} answers without {innermost}, which its "
            f"lists should have: ask its provider; the next run goes on after the last complete "
            f"load.",
            api,
        )
    return _hide(f"Loading {api.name} from {host_of(api.url)} failed: {reason(innermost)}.", api)


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
        what = "asks to slow down" if status == 429 else "is broken"
        return (
            f"{place} {what} (it answered {status} to {ATTEMPTS} attempts): try again later, or "
            f"ask its provider; {goes_on}."
        )
    if status is not None:
        return (
            f"{place} rejects the request (it answered {status}): check the url "
            f"in [sources.{api.name}] of {CONFIG_FILE}, and whether the API has changed."
        )
    if isinstance(error, requests.exceptions.JSONDecodeError):
        return (
            f"{place} answers with something other than JSON: check the url in "
            f"[sources.{api.name}] of {CONFIG_FILE}, or try again later; {goes_on}."
        )
    why = "no answer in time" if isinstance(error, requests.Timeout) else "no connection"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        why = "its answers break off"
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


def list_of_changes(
    table: str,
    columns: Columns,
    before: str,
    page_rows: int,
    paginator: BasePaginator,
    *,
    everything: bool = False,
) -> EndpointResource:
    """Describe to dlt a list that is read by the time of change.

    Args:
        table: the list's name, in the API's address, its answers and the raw schema.
        columns: those that the models read; `id` is the key, `updated_at` the time of change.
        before: the moment up to which is read.
        page_rows: rows per page.
        paginator: how to page.
        everything: read from the beginning, not from where the last complete load stood.
    """
    hints: dict[str, Any] = {
        name: {"name": name, "data_type": DLT_TYPES.get(kind, kind)}
        for name, kind in columns.items()
        if name != "_dlt_load_id"
    }
    # of two versions in one load the newer one stays
    hints["updated_at"]["dedup_sort"] = "desc"
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
        "columns": hints,
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
