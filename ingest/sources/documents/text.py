"""A document as text, and back: canonical Extended JSON, which knows all of BSON's types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bson import CodecOptions, DatetimeMS
from bson.codec_options import DatetimeConversion
from bson.json_util import DatetimeRepresentation, JSONMode, JSONOptions, dumps, loads

# dates beyond Python's are kept as what they are, and so are bytes in a text that are no UTF-8
CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="surrogateescape",
)  # fmt: skip
AS_TEXT = JSONOptions(
    json_mode=JSONMode.CANONICAL, datetime_representation=DatetimeRepresentation.NUMBERLONG,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO, tz_aware=True,
)  # fmt: skip


class Document(NamedTuple):
    """A document as it lands.

    Attributes:
        document_id: its `_id`.
        document: all of it; None where only its `_id` was asked for.
        updated_at: its time of change, if it has one.
    """

    document_id: str
    document: str | None
    updated_at: str | None


def text_of(value: Any) -> str:
    """Return a value of BSON as text, which names each type and keeps the order of fields."""
    text: str = dumps(value, json_options=AS_TEXT, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that are no text: escaped, Postgres takes them
        text = dumps(value, json_options=AS_TEXT)
    return text


def value_of(text: str | bytes) -> Any:
    """Return the value of Extended JSON of any kind, also as the first version wrote it.

    Raises:
        ValueError: it is no JSON.
    """
    return loads(text, json_options=AS_TEXT)


def at(document: Any, path: str | None) -> Any:
    """Return the value at a dotted path; None where there is none."""
    for name in path.split(".") if path else ():
        document = document.get(name) if isinstance(document, Mapping) else None
    return document if path else None


def landed(document: Mapping[str, Any], path: str | None, *, whole: bool = True) -> Document:
    """Return a document as it lands.

    Args:
        document: as its store has it.
        path: the place of its time of change.
        whole: whether all of it is wanted.
    """
    moment = at(document, path)
    return Document(
        text_of(document["_id"]),
        text_of(document) if whole else None,
        None if moment is None else text_of(moment),
    )


def before(moment: Any, seconds: float) -> Any:
    """Return the time so many seconds before a moment; what is no time is returned as it is.

    A number is seconds since 1970, or where it is too large for that, milliseconds or microseconds.
    """
    if isinstance(moment, DatetimeMS):
        return DatetimeMS(int(moment) - int(1000 * seconds))
    if isinstance(moment, int | float) and not isinstance(moment, bool):
        unit = 1 if abs(moment) < 1e11 else 1000 if abs(moment) < 1e14 else 1_000_000
        return type(moment)(moment - type(moment)(unit * seconds))
    return moment - timedelta(seconds=seconds) if isinstance(moment, datetime) else moment
