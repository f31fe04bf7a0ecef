"""What a collection is: one of a document store, or its dumps in a bucket.

It is declared in `[sources.documents.collections.<collection>]`. Its documents land whole, as text,
and are judged in SQL, which reads from `raw_documents._collections` where their branch stands.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import dlt
from pydantic import AfterValidator, Field, SecretStr, model_validator

from ingest.loads import configuration
from ingest.loads.configuration import CONFIG_FILE, SECRETS_FILE, Declared
from ingest.loads.source import SourceError

SECTION = "sources.documents.collections"
NAME = re.compile(r"(?!documents$)[a-z][a-z0-9_]{0,39}")


WITH_PASSWORD = re.compile(r"mongodb[^:]*://[^/@]*:[^/@]*@")


def _whole(field: str) -> str:
    if "." in field:
        raise ValueError("allowed is a whole field of the document: `guest`, not `guest.name`")
    return field


class Collection(Declared):
    """A collection.

    Attributes:
        name: what we call it; `raw_documents.<name>` has its documents.
        url: the store (`mongodb://…`), or the folder of its dumps.
        password: of the store's login, if `url` does not contain it.
        database: what the store calls its database.
        collection: what it calls the collection.
        files: the dumps below the folder, as a pattern.
        updated_at: the place of a document's time of change, if it has one.
        branch: the place of its branch, if it has one.
        branches: by branch id, what the documents call it; a branch that is not named is its id.
        personal: fields that stay in raw, because they say something of a person.
        customer: the place of the customer's number at the branch's till, if documents have it.
        overlap_seconds: changes may commit so much later than their time says.
        timeout_seconds: so long a store may say nothing.
        chunk_bytes: so much is one load, give or take a document.
        compare_seconds: how often `mypizza follow` compares all ids, to find what was deleted.
    """

    name: str
    url: str = Field(min_length=1)
    password: SecretStr | None = None
    database: str | None = None
    collection: str | None = None
    files: str | None = None
    updated_at: str | None = None
    branch: str | None = None
    branches: dict[str, str | int] = Field(default={})
    personal: list[Annotated[str, AfterValidator(_whole)]] = Field(default=[])
    customer: str | None = None
    overlap_seconds: float = Field(default=300, ge=0)
    timeout_seconds: float = Field(default=30, ge=0.1)
    chunk_bytes: int = Field(default=32 << 20, ge=1)
    compare_seconds: float = Field(default=3600, ge=0)

    @model_validator(mode="after")
    def _is_either(self) -> Collection:
        if self.is_live and not (self.database and self.collection):
            raise ValueError("a store needs database and collection")
        if not self.is_live and not self.files:
            raise ValueError("a folder of dumps needs files; a store's url begins with mongodb://")
        return self

    @property
    def is_live(self) -> bool:
        """Whether it is read from a store."""
        return bool(re.match(r"mongodb(\+srv)?://", self.url))

    @property
    def section(self) -> str:
        """Where it is declared, as a sentence says it."""
        return f"[{SECTION}.{self.name}] of {CONFIG_FILE}"


def configured() -> dict[str, Collection | SourceError]:
    """Read from dlt's configuration which collections there are.

    Returns:
        By name, the collection, or what is wrong with its declaration.
    """
    found: dict[str, Collection | SourceError] = {}
    for name in configuration.section(SECTION):
        path, given = f"{SECTION}.{name}", dict[str, Any](name=name)
        try:
            if not NAME.fullmatch(name):
                raise SourceError(
                    f"[{path}] in {CONFIG_FILE}: a collection's name there has small letters, "
                    "digits and _, at most 40 of them, and is not documents; `collection` says "
                    "what its store calls it."
                )
            _refuse_secrets(path)
            found[name] = configuration.read(Collection, path, **given)
        except SourceError as error:
            found[name] = error
    return found


def _refuse_secrets(path: str) -> None:
    """Refuse a password in the file that is no secret."""
    for provider in dlt.config.config_providers:
        for key in () if provider.supports_secrets else ("password", "url"):
            found, _ = provider.get_value(key, str, "", *path.split("."))
            if found and (key == "password" or WITH_PASSWORD.match(str(found))):
                raise SourceError(
                    f"[{path}] in {CONFIG_FILE} has the password of a store in {key}: write it "
                    f"into {SECRETS_FILE}, or into the environment."
                )
