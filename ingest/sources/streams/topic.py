"""What a stream is: one topic, declared in `[sources.streams.topics.<stream>]`.

What its messages hold lands as text and is judged in SQL, which reads from `raw_streams._streams`
where in a message the event's id, time and branch stand.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import dlt
from pydantic import AfterValidator, Field

from ingest.loads import configuration
from ingest.loads.configuration import CONFIG_FILE, SECRETS_FILE, Declared
from ingest.loads.source import SourceError

SECTION = "sources.streams"
NAME = re.compile(r"(?!messages$)[a-z][a-z0-9_]{0,39}")
SECRETS = (
    "sasl_password", "sasl_oauthbearer_client_secret", "sasl_oauthbearer_config",
    "ssl_key_password", "ssl_key_pem", "ssl_keystore_password",
)  # fmt: skip
PLACES = "a field of the message (`id`, `meta.id`), `$key`, or a header (`$header.ce_id`)"


def _place(path: str) -> str:
    if not re.fullmatch(r"\$key|\$header\.[^{}]+|[^${}][^{}]*", path):
        raise ValueError(f"allowed is {PLACES}")
    return path


def _place_of_id(path: str) -> str:
    return path if path == "$offset" else _place(path)


def _whole(field: str) -> str:
    if "." in field or field.startswith("$"):
        raise ValueError("allowed is a whole field of the message: `customer`, not `customer.name`")
    return field


Setting = Annotated[str, Field(pattern="^(security|sasl|ssl|enable_ssl)_[a-z_]+$")]
Place = Annotated[str, AfterValidator(_place)]


class Connected(Declared):
    """How the broker is reached: for one topic, or in `[sources.streams]` for all."""

    bootstrap_servers: str = ""
    security: dict[Setting, str | bool | int] = Field(default={})
    timeout_seconds: float = Field(default=30, ge=1)
    chunk_messages: int = Field(default=100_000, ge=1)


class Shared(Connected):
    """`[sources.streams]`."""

    topics: dict[str, dict[str, Any]]


class Topic(Connected):
    """A topic.

    Attributes:
        name: what we call it; `raw_streams.<name>` has its messages.
        topic: what its broker calls it.
        bootstrap_servers: where the broker is.
        security: librdkafka's settings, with `_` for each point of their names.
        event_id: the place of the event's id; `$offset` is the message's own place in the topic.
        event_type: the place of its type, if it has one.
        occurred_at: the place of its time; None takes the message's own.
        branch: the place of its branch, if it has one.
        customer: the place of the customer's number at the branch, if it has one: by it, an
            erasure finds the messages that name a person.
        visitor: the place of the visitor's or the device's id, if it has one.
        branches: by branch id, what the messages call it; a branch that is not named is its id.
        personal: fields that stay in raw, because they say something of a person; an erasure
            takes them out of it.
        max_bytes: a longer message waits in quarantine.
        timeout_seconds: so long a broker may say nothing.
        chunk_messages: so many messages are one load.
    """

    name: str
    topic: str = Field(min_length=1)
    bootstrap_servers: str = Field(min_length=1)
    event_id: Annotated[str, AfterValidator(_place_of_id)]
    event_type: Place | None = None
    occurred_at: Place | None = None
    branch: Place | None = None
    customer: Place | None = None
    visitor: Place | None = None
    branches: dict[str, str | int] = Field(default={})
    personal: list[Annotated[str, AfterValidator(_whole)]] = Field(default=[])
    max_bytes: int = Field(default=1_000_000, ge=1)

    @property
    def section(self) -> str:
        """Where it is declared, as a sentence says it."""
        return f"[{SECTION}.topics.{self.name}] of {CONFIG_FILE}"


def _declared(name: str, shared: Shared) -> Topic:
    """Return one topic; what it does not say itself is said for all of them."""
    path = f"{SECTION}.topics.{name}"
    if not NAME.fullmatch(name):
        raise SourceError(
            f"[{path}] in {CONFIG_FILE}: a topic's name there has small letters, digits and _, at "
            "most 40 of them, and is not messages; `topic` says what its broker calls it."
        )
    said = {"topic": name, **shared.model_dump(exclude_unset=True, exclude={"topics", "security"})}
    said = {key: it for key, it in said.items() if configuration.value(f"{path}.{key}") is None}
    security = configuration.section(path).get("security", {})
    if isinstance(security, dict):
        security = {**shared.security, **security}
        for secret in ("sasl_username", *SECRETS):
            for section in (SECTION, path):
                if found := configuration.value(f"{section}.security.{secret}"):
                    security[secret] = found
    return configuration.read(Topic, path, name=name, security=security, **said)


def configured() -> dict[str, Topic | SourceError]:
    """Read from dlt's configuration which topics there are.

    Returns:
        By name, the topic, or what is wrong with its declaration.

    Raises:
        SourceError: what is said for all topics is wrong.
    """
    if not (names := configuration.section(f"{SECTION}.topics")):
        return {}
    _refuse_secrets(SECTION, *(f"{SECTION}.topics.{name}" for name in names))
    shared = configuration.read(Shared, SECTION)
    found: dict[str, Topic | SourceError] = {}
    for name in names:
        try:
            found[name] = _declared(name, shared)
        except SourceError as error:
            found[name] = error
    return found


def _refuse_secrets(*sections: str) -> None:
    """Refuse a secret in the file that is no secret."""
    for provider in dlt.config.config_providers:
        for section in () if provider.supports_secrets else sections:
            found, _ = provider.get_value("security", dict, "", *section.split("."))
            for name in SECRETS:
                if name in (found or {}):
                    raise SourceError(
                        f"[{section}.security] in {CONFIG_FILE} has {name}, which is secret: write "
                        f"it into {SECRETS_FILE}, or into the environment."
                    )
