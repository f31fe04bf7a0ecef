"""What dbt puts into a model's Jinja context, as stand-ins for sqlfluff's jinja templater.

A call such as `dbt.date_trunc("day", "ordered_at")` becomes the SQL function call
`date_trunc(day, ordered_at)`: not what dbt makes of it, but SQL of the same shape, which is all
that a linter needs. sqlfluff itself supplies ref, source, config, var and is_incremental.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml


def _call(name: str) -> Callable[..., str]:
    """Return a function that writes a call of the SQL function `name`."""

    def render(*arguments: Any, **named: Any) -> str:
        if name.startswith("type_"):
            return name.removeprefix("type_")
        if name == "generate_series":  # the one that is a whole query
            return "select 1 as generated_number"
        if "cast" in name:
            return f"cast({arguments[0]} as {arguments[1]})"
        if name == "listagg":
            return f"string_agg({arguments[0]}, {arguments[1]})"
        if name == "is_good":
            return f"{arguments[0]} is null"
        if name == "looked_up":
            return f"(select * from {arguments[1]})"  # noqa: S608 - read by a linter alone
        if name == "reasons":
            return "array['reason']"
        parts: list[str] = []
        for argument in (*arguments, *named.values()):
            parts.extend(map(str, argument if isinstance(argument, list) else [argument]))
        return f"{name}({', '.join(parts)})"

    return render


class _Namespace:
    """Whatever is asked of it is a function: the namespaces of macros."""

    def __getattr__(self, name: str) -> Callable[..., str]:
        return _call(name)


class _Adapter:
    """dbt's `adapter`, as far as a model or a macro that a model calls goes."""

    def dispatch(self, name: str, *_packages: str) -> Callable[..., str]:
        return _call(name)

    def quote(self, name: str) -> str:
        return name


class _Type:
    """dbt's `api.Column`: `translate_type` leaves the type as it is."""

    @staticmethod
    def translate_type(name: str) -> str:
        return name


def var(name: str, default: Any = None) -> Any:
    """Return a variable of dbt_project.yml, so that what is made for each system is linted, too."""
    return _VARS.get(name, default)


_VARS = yaml.safe_load(Path("dbt_project.yml").read_text("utf-8"))["vars"]
dbt = _Namespace()
mypizza = _Namespace()
adapter = _Adapter()
api = SimpleNamespace(Column=_Type)
target = SimpleNamespace(name="prod", type="postgres", schema="public", database="warehouse")
execute = False
flags = SimpleNamespace(FULL_REFRESH=True)
