"""Writes where the sample company's systems are, as a user would: into dlt's secrets.toml.

Only sections that config.toml declares get an address, and only where nobody has written another
one. What the sample has written is known by its comment, which has a hash of the address: an
address that somebody has changed since is theirs.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Item

from ingest import loads
from ingest.warehouse import Warehouse

MARK = "mypizza-sample"
ADDRESSES = ("url", "bootstrap_servers")
FEEDS = ("stock_counts", "stock_deliveries", "lyon_sales", "lyon_closings")

Section = tuple[str, ...]
Values = Mapping[str, str]


def folder() -> Path:
    """Return the folder of config.toml and secrets.toml."""
    return Path(os.environ.get("DLT_PROJECT_DIR", loads.CONFIG_DIR)) / ".dlt"


def tills(
    warehouse: Warehouse, branches: list[str], prefix: str = "till_"
) -> dict[Section, Values]:
    """Return where the tills are, by section of the configuration.

    Args:
        warehouse: the server that they are on.
        branches: the branches that have one.
        prefix: of the databases' names, before the branch id.
    """
    return {
        ("sources", "pos", "tills", branch_id): {
            "url": f"postgresql://{warehouse.user}@{warehouse.host}:{warehouse.port}"
            f"/{prefix}{branch_id}",
            **({"password": warehouse.password} if warehouse.password else {}),
        }
        for branch_id in branches
    }


def feeds(bucket: Path) -> dict[Section, Values]:
    """Return where the feeds and the dumps of reviews are, by section of the configuration.

    Args:
        bucket: the bucket's folder.
    """
    sections = [("sources", "files", "feeds", feed) for feed in FEEDS]
    sections.append(("sources", "documents", "collections", "guest_reviews"))
    return {section: {"url": str(bucket)} for section in sections}


def write(addresses: Mapping[Section, Values]) -> list[str]:
    """Write addresses into secrets.toml, and keep whatever else is in it.

    Args:
        addresses: what to write, by section.

    Returns:
        The sections that were left alone, because they have an address of a user's.
    """
    config, secrets = _declared(), _secrets()
    # neither a declaration that is gone nor a system of another company leaves an address behind
    _take_out(
        secrets,
        [
            section
            for section in _sections(secrets)
            if section not in addresses or _at(config, section) is None
        ],
    )
    theirs = []
    for section, values in addresses.items():
        declared = _at(config, section)
        if declared is None:
            continue
        known = _at(secrets, section)
        if _address(declared) or not _is_ours(known):
            theirs.append(".".join(section))
            continue
        _write_section(secrets, section, values)
    _save(secrets)
    return theirs


def tills_without_address() -> list[str]:
    """Return the branches whose tills are declared without an address."""
    declared, secrets = (
        _at(document, ("sources", "pos", "tills")) or {} for document in (_declared(), _secrets())
    )
    return [
        branch_id
        for branch_id, till in declared.items()
        if "url" not in till and "url" not in secrets.get(branch_id, {})
    ]


def take_out() -> None:
    """Take out of secrets.toml what the sample has written."""
    secrets = _secrets()
    _take_out(secrets, list(_sections(secrets)))
    _save(secrets)


def _take_out(document: MutableMapping[str, Any], sections: Sequence[Section]) -> None:
    """Take sections out whose address is the sample's own."""
    for section in sections:
        table, above = _at(document, section), _at(document, section[:-1])
        if above and table and _address(table) and _is_ours(table):
            above.pop(section[-1])


def _is_ours(table: Mapping[str, Any] | None) -> bool:
    """Say whether a section's address is missing, or the sample's own and unchanged."""
    name = _address(table or {})
    if table is None or name is None:
        return True
    address = table[name]
    comment = address.trivia.comment if isinstance(address, Item) else ""
    return bool(comment.endswith(_mark(str(address))))


def _address(table: Mapping[str, Any]) -> str | None:
    """Return the key that says where a system is, or None where there is none."""
    return next((name for name in ADDRESSES if name in table), None)


def _mark(url: str) -> str:
    return f"{MARK} {hashlib.sha256(url.encode()).hexdigest()[:12]}"


def _write_section(document: MutableMapping[str, Any], section: Section, values: Values) -> None:
    table = document
    for depth, name in enumerate(section):
        if name not in table:
            table[name] = tomlkit.table(is_super_table=depth < len(section) - 1)
        table = table[name]
    for name, value in values.items():
        table[name] = tomlkit.item(value)
    if address := _address(values):
        table[address].comment(_mark(values[address]))


def _at(document: Mapping[str, Any], section: Section) -> MutableMapping[str, Any] | None:
    found: Any = document
    for name in section:
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found if isinstance(found, MutableMapping) else None


def _sections(table: Mapping[str, Any], above: Section = ()) -> Iterator[Section]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield (*above, name)
            yield from _sections(value, (*above, name))


def _declared() -> dict[str, Any]:
    file = folder() / "config.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _secrets() -> tomlkit.TOMLDocument:
    file = folder() / "secrets.toml"
    return tomlkit.parse(file.read_text(encoding="utf-8") if file.exists() else "")


def _save(document: tomlkit.TOMLDocument) -> None:
    """Write the file aside and rename it: a kill in between leaves the old one."""
    file = folder() / "secrets.toml"
    text = tomlkit.dumps(document)
    if not file.exists() and not text:
        return
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    beside = file.with_suffix(".new")
    beside.touch(mode=0o600)
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
