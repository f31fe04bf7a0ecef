"""What dbt does again for each node, done once or with less: the same results in less time.

Imported by `warmed`, for the commands that tests run; nobody else's dbt is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any
from unittest.mock import patch

import agate.data_types.date as dates  # type: ignore[import-untyped]  # it has no types
import agate.data_types.date_time as moments  # type: ignore[import-untyped]  # as above
import jinja2
import networkx  # type: ignore[import-untyped]  # as above
import parsedatetime  # type: ignore[import-untyped]  # as above
from dbt.adapters.base import impl, relation
from dbt.adapters.reference_keys import _ReferenceKey, lowercase
from dbt.artifacts.resources.base import FileHash
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Linker
from dbt.context import exceptions_jinja, providers
from dbt.context.macro_resolver import TestMacroNamespace
from dbt.context.macros import MacroNamespace
from dbt.context.manifest import ManifestContext
from dbt.contracts.graph.manifest import Manifest, ManifestStateCheck
from dbt.contracts.graph.nodes import Macro
from dbt.exceptions import DbtRuntimeError
from dbt.graph.graph import Graph
from dbt.parser.manifest import ManifestLoader
from dbt_common.clients.jinja import (
    MacroFuzzEnvironment,
    MacroFuzzTemplate,
    NativeSandboxTemplate,
    template_cache,
)
from dbt_common.exceptions import CompilationError
from dbt_common.exceptions.macros import CaughtMacroErrorWithNodeError, MacroReturn

TO_DICT = ManifestContext.__mro__[1].to_dict
GET_RELATION: Callable[..., Any] = impl.BaseAdapter.get_relation
FIND_CYCLES: Callable[..., Any] = Linker.find_cycles
STATE_CHECK: Callable[..., Any] = ManifestLoader.build_manifest_state_check


class _Callers(dict[str, MacroGenerator]):
    """The callers of macros by name: each is made when it is first asked for."""

    def __init__(self, macros: dict[str, Macro], common: dict[str, Any]) -> None:
        """Remember macros, of which there are 700, and what their callers have in common."""
        super().__init__()
        self.macros, self.common = macros, common

    def __missing__(self, name: str) -> MacroGenerator:
        caller = self[name] = object.__new__(MacroGenerator)
        caller.__dict__ = self.common | {"macro": self.macros[name]}
        return caller

    def __contains__(self, name: object) -> bool:
        return name in self.macros

    def __iter__(self) -> Iterator[str]:
        return iter(self.macros)

    def __len__(self) -> int:
        return len(self.macros)

    def keys(self) -> Any:
        return self.macros.keys()

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self.macros else default


class _Variables(dict[str, Any]):
    """What a template knows: what stands here and, of that which does not, the macros."""

    def __init__(self, known: dict[str, Any]) -> None:
        """Begin with what is known so far; the namespace of the macros comes then."""
        super().__init__(known)
        self.namespace = MacroNamespace({}, {}, {}, {})

    def __missing__(self, name: str) -> Any:
        found = self[name] = self.namespace[name]
        return found

    def __contains__(self, name: object) -> bool:
        found = self.namespace
        return (
            dict.__contains__(self, name)
            or name in found.global_namespace
            or name in found.global_project_namespace
            or name in found.local_namespace
        )

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 - this is that `get`


@cache
def _of_dbt(manifest: _Same, packages: tuple[str, ...]) -> dict[str, Macro]:
    """Return dbt's own macros by name; those of the packages named first win."""
    macros = manifest.it.get_macros_by_package()
    return {
        name: macro
        for package in reversed(packages)
        for name, macro in macros.get(package, {}).items()
    }


class _Same:
    """An object as a key: equal to itself alone."""

    def __init__(self, it: Any) -> None:
        """Keep the object, so that no other one gets its id."""
        self.it = it

    def __hash__(self) -> int:
        return id(self.it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.it is other.it


def _build_namespace(self: ManifestContext) -> MacroNamespace:
    """Make the namespace of the macros without a caller for each."""
    builder = self._get_namespace_builder()
    self._ctx = variables = _Variables(self._ctx)
    common = {"context": variables, "node": builder.node, "stack": builder.thread_ctx}
    callers = {
        package: _Callers(macros, common)
        for package, macros in self.manifest.get_macros_by_package().items()
        if package not in builder.internal_package_names
    }
    of_dbt = _of_dbt(_Same(self.manifest), tuple(builder.internal_package_names_order))
    none = _Callers({}, common)
    local = callers.get(builder.search_package, none)
    root = callers.get(builder.root_package, none)
    variables.namespace = MacroNamespace(
        none if local is root else root, local, _Callers(of_dbt, common), callers
    )
    return variables.namespace


def _to_dict(self: ManifestContext) -> dict[str, Any]:
    """Put the macros into the context: those that are found first are put there last."""
    context: dict[str, Any] = TO_DICT(self)
    found = self.namespace
    if isinstance(found, TestMacroNamespace):
        context.update(found.local_namespace)
        context.update(found.project_namespace)
        return context
    for name in [name for name in context if name in found.global_project_namespace]:
        context[name] = found.global_project_namespace[name]
    context["dbt"] = found.global_project_namespace
    context.update(found.packages)
    for macros in (found.global_namespace, found.local_namespace):
        for name in [name for name in context if name in macros]:
            context[name] = macros[name]
    return context


def _call(self: MacroGenerator, *arguments: Any, **named: Any) -> Any:
    """Call a macro, which is made from its template once for each context."""
    known = self.__dict__
    if "made" not in known:
        known["made"] = self.get_macro()
    calls = None if self.stack is None else self.stack.call_stack
    if calls is not None:
        if not calls and self.node:
            self.node.depends_on.add_macro(self.macro.unique_id)
        calls.append(self.macro.unique_id)
    try:
        return known["made"](*arguments, **named)
    except MacroReturn as returned:
        return returned.value
    except (TypeError, jinja2.exceptions.TemplateRuntimeError) as error:
        raise CaughtMacroErrorWithNodeError(exc=error, node=self.macro) from error
    except CompilationError as error:
        error.stack.append(self.macro)
        raise
    finally:
        if calls is not None:
            calls.pop()


def _exports(model: Any) -> dict[str, Callable[..., Any]]:
    """Let what a template raises name its node."""

    def naming(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return function(*arguments, **named)
            except DbtRuntimeError as error:
                error.add_node(model)
                raise

        return call

    return {name: naming(export) for name, export in exceptions_jinja.CONTEXT_EXPORTS.items()}


def _get_relation(self: impl.BaseAdapter, database: str, schema: str, identifier: str) -> Any:
    """Look a relation up by its key, where dbt looks through all that it knows of."""
    if (database, schema) not in self.cache:
        return GET_RELATION(self, database, schema, identifier)
    key = _ReferenceKey(lowercase(database), lowercase(schema), lowercase(identifier))
    with self.cache.lock:
        known = self.cache.relations.get(key)
    if known is None:
        return None
    search = self._make_match_kwargs(database, schema, identifier)
    return known.inner if known.inner.matches(**search) else None


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


def _subgraph(self: Graph, nodes: Iterable[str]) -> Graph:
    """Take the graph itself where nothing of it is left out: a view of it is slow."""
    kept = set(nodes)
    return Graph(self.graph if len(kept) == len(self.graph) else self.graph.subgraph(kept))


def _find_cycles(self: Linker) -> Any:
    """Look for a cycle only where there is one."""
    return None if networkx.is_directed_acyclic_graph(self.graph) else FIND_CYCLES(self)


def _merge(*parts: dict[str, bool]) -> dict[str, bool]:
    """Merge what is to be quoted, which is flat."""
    return {name: is_quoted for part in parts for name, is_quoted in part.items()}


def _state_check(self: ManifestLoader) -> ManifestStateCheck:
    """Parse nothing anew because a copy of a server has another port: no template reads it."""
    check: ManifestStateCheck = STATE_CHECK(self)
    login = self.root_project.credentials
    check.profile_hash = FileHash.from_contents(f"{login.database} {login.schema}")
    return check


def compile_macros(manifest: Manifest) -> None:
    """Compile the templates of all macros, for the commands that are forked from here."""
    for macro in manifest.macros.values():
        template_cache.get_node_template(macro)


def begin() -> None:
    """Let all dbt commands of this process, and of those forked from it, do less."""
    patch.object(ManifestContext, "_build_namespace", _build_namespace).start()
    patch.object(ManifestContext, "to_dict", _to_dict).start()
    patch.object(MacroGenerator, "__call__", _call).start()
    patch.object(providers, "wrapped_exports", _exports).start()
    # for each node, and nobody changes them in a command
    arguments = cache(lambda same: ARGUMENTS(same.it))
    patch.object(providers, "args_to_dict", lambda args: arguments(_Same(args))).start()
    # our own templates need no sandbox, which looks at each attribute and each call
    patch.object(MacroFuzzEnvironment, "sandboxed", False).start()
    patch.object(MacroFuzzEnvironment, "getattr", jinja2.Environment.getattr).start()
    patch.object(MacroFuzzEnvironment, "getitem", jinja2.Environment.getitem).start()
    # what all templates know is not copied for each
    patch.object(NativeSandboxTemplate, "new_context", MacroFuzzTemplate.new_context).start()
    patch.object(impl.BaseAdapter, "get_relation", _get_relation).start()
    patch.object(relation, "deep_merge", _merge).start()
    patch.object(ManifestLoader, "build_manifest_state_check", _state_check).start()
    patch.object(Graph, "select_parents", _parents).start()
    patch.object(Graph, "subgraph", _subgraph).start()
    patch.object(Linker, "find_cycles", _find_cycles).start()
    # a file that nobody reads
    patch.object(Linker, "get_graph_summary", lambda *_: {}).start()
    # agate makes a reader of dates, of 40 patterns, for each answer of the database
    constants = cache(parsedatetime.Constants)
    for module in (dates, moments):
        patch.object(module.parsedatetime, "Constants", constants).start()


ARGUMENTS: Callable[..., Any] = providers.args_to_dict
