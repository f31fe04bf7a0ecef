"""What is configured: dlt's files and environment variables, checked by pydantic.

An error is one sentence that names section, key and what is allowed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import dlt
import yaml
from dlt.common.utils import update_dict_nested
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ingest.loads.source import SourceError
from ingest.warehouse import PROJECT_DIR

CONFIG_FILE, SECRETS_FILE = ".dlt/config.toml", ".dlt/secrets.toml"


def folder() -> Path:
    """Return the folder in which these two are found."""
    return Path(os.environ["DLT_PROJECT_DIR"])


class Declared(BaseModel):
    """A section of the configuration: what is not declared here is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Secret = Annotated[SecretStr, Field(min_length=1)]
Model = TypeVar("Model", bound=Declared)


def section(path: str) -> dict[str, Any]:
    """Return a section as the files have it, secrets over the rest.

    Args:
        path: the section, for example "sources.files.feeds".
    """
    *above, name = path.split(".")
    merged: dict[str, Any] = {}
    # dlt itself answers with the first file that has the section, not with both
    for provider in reversed(dlt.config.config_providers):
        found, _ = provider.get_value(name, dict, "", *above)
        update_dict_nested(merged, found or {}, copy_src_dicts=True)
    return merged


def systems() -> dict[str, Any]:
    """Return the systems in use, by name: `vars.systems` of dbt_project.yml."""
    text = (PROJECT_DIR / "dbt_project.yml").read_text("utf-8")
    # libyaml: it is asked for every till, and Python's own loader takes 60 ms
    project = yaml.load(text, yaml.CSafeLoader)
    listed: dict[str, Any] = project["vars"]["systems"]
    return listed


def is_configured(path: str) -> bool:
    """Say whether a section is there at all, in the files or by its url in the environment.

    Args:
        path: the section.
    """
    return bool(section(path)) or bool(dlt.secrets.get(f"{path}.url"))


def value(path: str) -> Any:
    """Return one value; a variable of the environment goes before both files.

    Args:
        path: the section and the key, for example "sources.files.feeds.stock_counts.url".
    """
    return dlt.secrets.get(path) or dlt.config.get(path)


def read(model: type[Model], path: str, **given: Any) -> Model:
    """Read and check one section, also from environment variables.

    Args:
        model: what the section may say.
        path: the section.
        given: values that do not come from the section.

    Raises:
        SourceError: a key that is not allowed, is missing, or has a value that is not allowed.
    """
    values = section(path)
    for name in model.model_fields:
        found = value(f"{path}.{name}")
        if found is not None and not isinstance(found, Mapping):
            values[name] = found
    try:
        return model.model_validate({**values, **given})
    except ValidationError as error:
        raise SourceError(_sentence(model, path, error)) from None


def _sentence(model: type[BaseModel], path: str, error: ValidationError) -> str:
    """Return the first thing that is wrong, in one sentence."""
    errors = error.errors(include_url=False)
    # a misspelt key explains the one that is missing
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    key = ".".join(str(part) for part in first["loc"]) or "the section"
    where = f"[{path}] in {CONFIG_FILE}"
    if first["type"] == "extra_forbidden":
        known = ", ".join(_fields(model, first["loc"][:-1]))
        return f"{where} has the key {key!r}, which is not allowed there; allowed are: {known}."
    if first["type"] in ("missing", "too_short"):
        return f"{where} has no {key}: write it there, or into {SECRETS_FILE} if it is secret."
    allowed = first["msg"].removeprefix("Value error, ")
    shown = f" is {first['input']!r}" if isinstance(first["input"], str | int | float) else ""
    return f"{where}: {key}{shown}; {allowed[:1].lower()}{allowed[1:]}."


def _fields(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the keys that a section, or one within it, may have."""
    for part in path:
        inner = model.model_fields[str(part)].annotation
        for candidate in (inner, *getattr(inner, "__args__", ())):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return list(model.model_fields)
