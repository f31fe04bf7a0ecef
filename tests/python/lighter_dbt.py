"""What dbt does again for each node, done once or with less: the same results in less time.

Imported by `warmed`, for the commands that tests run; nobody else's dbt is touched.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from unittest.mock import patch

import agate.data_types.date as dates  # type: ignore[import-untyped]  # it has no types
import agate.data_types.date_time as moments  # type: ignore[import-untyped]  # as above
import parsedatetime  # type: ignore[import-untyped]  # as above
from dbt.clients.jinja import MacroGenerator
from dbt.context.macro_resolver import TestMacroNamespace
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.context.manifest import ManifestContext
from dbt.graph.graph import Graph

TO_DICT = ManifestContext.__mro__[1].to_dict


def _build_namespace(
    self: MacroNamespaceBuilder, macros_by_package: dict[str, dict[str, Any]], ctx: dict[str, Any]
) -> MacroNamespace:
    """Make the callers of all macros, of which there are 700, without a call for each."""
    new, node, stack = object.__new__, self.node, self.thread_ctx
    for package, macros in macros_by_package.items():
        callers: dict[str, MacroGenerator] = {}
        for name, macro in macros.items():
            caller = callers[name] = new(MacroGenerator)
            caller.__dict__ = {"context": ctx, "macro": macro, "node": node, "stack": stack}
        if package in self.internal_package_names:
            self.internal_packages[package] = callers
            continue
        self.packages[package] = callers
        if package == self.search_package:
            self.locals = callers
        elif package == self.root_package:
            self.globals = callers
    of_dbt: dict[str, MacroGenerator] = {}
    for package in reversed(self.internal_package_names_order):
        of_dbt.update(self.internal_packages.get(package, {}))
    return MacroNamespace(self.globals, self.locals, of_dbt, self.packages)


def _to_dict(self: ManifestContext) -> dict[str, Any]:
    """Put the macros into the context: those that are found first are put there last."""
    context: dict[str, Any] = TO_DICT(self)
    found = self.namespace
    if isinstance(found, TestMacroNamespace):
        context.update(found.local_namespace)
        context.update(found.project_namespace)
    else:
        context.update(found.global_project_namespace)
        context["dbt"] = found.global_project_namespace
        for macros in (found.packages, found.global_namespace, found.local_namespace):
            context.update(macros)
    return context


def _parents(self: Graph, selected: set[str], max_depth: int | None = None) -> set[str]:
    """Find the ancestors by the graph's own dictionaries."""
    edges, parents, depth = self.graph.pred, set[str](), 0
    while selected and (max_depth is None or depth < max_depth):
        layer = {
            parent
            for node in selected
            for parent, edge in edges[node].items()
            if parent not in parents and edge.get("edge_type") != "parent_test"
        }
        parents |= layer
        selected, depth = layer, depth + 1
    return parents


def begin() -> None:
    """Let all dbt commands of this process, and of those forked from it, do less."""
    patch.object(MacroNamespaceBuilder, "build_namespace", _build_namespace).start()
    patch.object(ManifestContext, "to_dict", _to_dict).start()
    patch.object(Graph, "select_parents", _parents).start()
    # agate makes a reader of dates, of 40 patterns, for each answer of the database
    constants = cache(parsedatetime.Constants)
    for module in (dates, moments):
        patch.object(module.parsedatetime, "Constants", constants).start()
