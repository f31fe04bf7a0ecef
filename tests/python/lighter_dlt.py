"""What dlt works out again for each value that it looks up or checks: kept after the first time.

For each of its settings it looks at the parts of a type anew, in each place where it may stand; for
each schema at the types of all of its fields. That is a twentieth of a load that finds nothing new.
Nobody else's dlt is touched.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, wraps
from typing import Any
from unittest.mock import patch

import dlt.common.typing as types
import dlt.common.validation as validation
from dlt.common.configuration.specs import base_configuration as configuration

PURE = {
    types: ("extract_inner_type", "is_literal_type", "is_optional_type", "is_union_type"),
    configuration: ("extract_inner_hint", "is_secret_hint"),
}
"""Functions of a type alone."""

GET_TYPE_HINTS: Callable[..., dict[str, Any]] = vars(validation)["get_type_hints"]


def _kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the answers of a function of types; a few of these cannot be a key."""
    known = cache(function)

    @wraps(function)
    def answer(*arguments: Any, **named: Any) -> Any:
        try:
            return known(*arguments, **named)
        except TypeError:
            return function(*arguments, **named)

    return answer


@cache
def _fields(spec: Any) -> dict[str, Any]:
    """Return the types of a dictionary's fields."""
    module = sys.modules.get(spec.__module__)
    return dict(GET_TYPE_HINTS(spec, globalns=module.__dict__ if module else None))


def begin() -> None:
    """Let dlt in this process, and in those forked from it, do less."""
    loaded = [module for name, module in [*sys.modules.items()] if name.startswith("dlt")]
    for home, names in PURE.items():
        for name in names:
            function = getattr(home, name)
            kept = _kept(function)
            for module in loaded:
                if vars(module).get(name) is function:
                    patch.object(module, name, kept).start()
    patch.object(validation, "get_type_hints", lambda spec, **_: _fields(spec)).start()
