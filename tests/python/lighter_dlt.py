"""What dlt asks of the same type hints for each setting that it looks up, asked once.

Imported by `conftest`, for loads in the tests' own processes, and by `warmed`, for the commands
that they run; nobody else's dlt is touched.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from dlt.common import jsonpath, typing, validation
from dlt.common.configuration.specs import base_configuration

PURE: tuple[Callable[..., Any], ...] = (
    *(typing.extract_inner_type, typing.extract_type_if_modifier, typing.is_union_type),
    *(typing.is_literal_type, typing.is_optional_type),
    *(base_configuration.extract_inner_hint, base_configuration.is_secret_hint),
    *(typing.is_subclass, jsonpath.compile_path),
)
"""Functions of hints and texts alone."""
HINTS: Callable[..., Any] = vars(typing)["get_type_hints"]


def _kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that keeps what it has answered."""
    answers = cache(function)

    @wraps(function)
    def ask(*arguments: Any, **named: Any) -> Any:
        try:
            return answers(*arguments, **named)
        except TypeError:  # a hint that cannot be a key
            return function(*arguments, **named)

    return ask


def begin() -> None:
    """Let all loads of this process, and of those forked from it, ask less."""
    for function in PURE:
        asked = _kept(function)
        for name, module in list(sys.modules.items()):
            if name.startswith("dlt.") and vars(module).get(function.__name__) is function:
                setattr(module, function.__name__, asked)
    hints = cache(lambda spec: HINTS(spec, globalns=vars(sys.modules[spec.__module__])))
    vars(validation)["get_type_hints"] = lambda spec, **_: hints(spec)
    # the names of a configuration's fields, which it counts whenever it is asked whether it is one
    names = cache(_names)
    base = base_configuration.BaseConfiguration
    base.__iter__ = lambda self: iter(names(type(self)))  # type: ignore[method-assign]
    base.__len__ = lambda self: len(names(type(self)))  # type: ignore[method-assign]


def _names(kind: type[Any]) -> tuple[str, ...]:
    fields = kind.__dataclass_fields__.values()
    return tuple(
        field.name for field in fields if base_configuration.is_valid_configspec_field(field)
    )
