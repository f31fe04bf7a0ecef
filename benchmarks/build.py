"""Parts c and d: what a day's build costs at twenty times the volume, and what dbt adds to SQL."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.server import Grid, Part, Ratio, Server, psql_command, spread

THREADS = 4
"""As many as dbt has, in profiles.yml.example."""

SCRATCH = "bare"
COUNT = "select count(*) from (\n{query}\n) as failures;\n"
SLOWEST = 12


@dataclass(frozen=True)
class Node:
    """What dbt ran: a model, a test, a hook.

    Attributes:
        unique_id: dbt's name of it.
        seconds: how long dbt took for it.
        started: when it began.
        ended: when it had ended.
        sql: its compiled SQL, where it has some.
    """

    unique_id: str
    seconds: float
    started: datetime
    ended: datetime
    sql: str

    @property
    def kind(self) -> str:
        """Return "model", "test", "unit_test", "snapshot", "seed" or "operation"."""
        return self.unique_id.partition(".")[0]

    @property
    def name(self) -> str:
        """Return its name without its kind and project."""
        return self.unique_id.split(".", 2)[2]


@dataclass(frozen=True)
class Build:
    """One `dbt build`.

    Attributes:
        seconds: wall time of the command.
        nodes: what it ran.
        before: seconds until the first node.
        working: seconds from the first node to the end of the last.
        publishing: of these, seconds of what runs when every test has passed.
    """

    seconds: float
    nodes: list[Node]
    before: float
    working: float
    publishing: float


def day_build(folder: Path, scales: tuple[int, int], repeats: int) -> Part:
    """Part c: build after one more day of a small and of a large company.

    Args:
        folder: where the servers may live.
        scales: of the small and of the large company.
        repeats: days, built in turns.

    Returns:
        The ratio of the two, and where the time goes.
    """
    servers = [_company(folder, scale) for scale in scales]
    days: list[list[Build]] = [[], []]
    for _ in range(repeats):
        for server, builds in zip(servers, days, strict=True):
            server.sample("advance", "--days", "1")
            server.mypizza("ingest")
            builds.append(_build(server))
    lines = [
        server.psql("-c", "select to_char(count(*), 'FM999,999,999') from marts.fct_order_lines")
        for server in servers
    ]
    for server in servers:
        server.stop()
    seconds = [[build.seconds for build in builds] for builds in days]
    small, large = median(seconds[0]), median(seconds[1])
    grid = Grid(
        "c. `dbt build` after one more day",
        ("what, seconds, best / median", *(
            f"scale {scale} ({count.strip()} lines)"
            for scale, count in zip(scales, lines, strict=True)
        )),
        _stages(days),
        "The five tills of `mypizza-sample start --scale N`; before every build a day of trade and "
        "`mypizza ingest`. Timed is the command `dbt build` with its start-up, from the third "
        "build on, when both versions of the marts exist, in turns. The day itself is as many "
        "times larger as the company. Sums of four threads on all cores: they exceed wall time.",
    )  # fmt: skip
    return Part(
        [Ratio("c", f"`dbt build` after one day, scale {scales[1]} / scale {scales[0]}",
               large / small, 1.5, "x", f"{large:.1f} s / {small:.1f} s, medians of {repeats}")],
        [grid, _slowest("c", scales, days)],
    )  # fmt: skip


def bare_build(folder: Path, scale: int, repeats: int) -> Part:
    """Part d: build everything from scratch, and run the same compiled SQL by psql.

    Args:
        folder: where the server may live.
        scale: of the sample company.
        repeats: of both, in turns.

    Returns:
        The ratio of the two, and where the time goes.
    """
    server = _company(folder, scale)
    builds: list[Build] = []
    bare: list[tuple[float, float]] = []
    for _ in range(repeats):
        builds.append(_build(server, "--full-refresh"))
        bare.append(_run_by_psql(server, builds[-1]))
    server.stop()
    by_dbt, by_psql = [build.seconds for build in builds], [sum(times) for times in bare]
    models = [node for node in builds[-1].nodes if node.kind == "model"]
    tests = [node for node in builds[-1].nodes if node.kind in ("test", "unit_test")]
    rows = [
        ("dbt build --full-refresh", spread(by_dbt)),
        ("psql", spread(by_psql)),
        (f"of it {len(models)} models", spread([times[0] for times in bare])),
        (f"of it {len(tests)} tests", spread([times[1] for times in bare])),
    ]
    grid = Grid(
        f"d. Everything from scratch at scale {scale}, by dbt and by psql",
        ("what", "seconds, best / median"),
        rows,
        "psql runs what dbt compiled in the same build: each model as `create table as` or "
        "`create view` in a scratch schema, with the indexes and keys that the model declares, "
        f"built once it is full; then each test as `select count(*)`. {THREADS} "
        "sessions work at once, as dbt's threads do; the models of one depth of the graph are "
        "dealt out to them by dbt's own times, longest first, then the tests likewise. What psql "
        "is spared counts against dbt: seeds and snapshot, foreign keys, checks of the contract, "
        "comments, failures kept in tables, and the publication.",
    )
    ratio = Ratio(
        "d", f"`dbt build` / the same SQL by psql, scale {scale}",
        median(by_dbt) / median(by_psql), 1.5, "x",
        f"{median(by_dbt):.1f} s / {median(by_psql):.1f} s, medians of {repeats}",
    )  # fmt: skip
    return Part([ratio], [grid, *_stage_grids(scale, builds)])


def reconciled_day(folder: Path, scale: int, repeats: int) -> Part:
    """Part g: what comparing and healing add to a day's work.

    Args:
        folder: where the server may live.
        scale: of the sample company.
        repeats: days.

    Returns:
        The share of the day's wall time, and the days.
    """
    server = _company(folder, scale)
    days: list[dict[str, Any]] = []
    for _ in range(repeats):
        server.sample("advance", "--days", "1")
        days.append(json.loads(server.python("-m", "benchmarks.daily").splitlines()[-1]))
    server.stop()
    shares = [day["reconcile"] / (day["ingest"] + day["build"]) for day in days]
    rows = [
        (f"{day['ingest']:.1f}", f"{day['reconcile']:.2f}", str(day["heals"]),
         f"{day['build']:.1f}", f"{share:.1%}")
        for day, share in zip(days, shares, strict=True)
    ]  # fmt: skip
    grid = Grid(
        f"g. What reconciliation adds to a day at scale {scale}",
        ("ingest, seconds", "of it comparing and healing", "heals", "build, seconds", "share"),
        rows,
        "All sources, after a day of trade, with its late commits, silent edits and deletes to "
        "heal; 35 days are compared in every till. One process, without its start-up.",
    )
    return Part(
        [Ratio("g", f"comparing and healing / ingest and build of a day, scale {scale}",
               100 * median(shares), 5, "%", f"median of {repeats} days, "
               f"{100 * min(shares):.1f} to {100 * max(shares):.1f}")],
        [grid],
    )  # fmt: skip


def _company(folder: Path, scale: int) -> Server:
    """Return a server with a company that has been built twice, so that both versions exist."""
    home = folder / f"scale-{scale}"
    is_new = not home.exists()
    server = Server(home)
    if is_new:
        server.sample("start", "--scale", str(scale))
        for _ in range(2):
            server.mypizza("ingest")
            _build(server)
            server.sample("advance", "--days", "1")
        server.mypizza("ingest")
        _build(server)
    return server


def _build(server: Server, *arguments: str) -> Build:
    started = time.time()
    server.dbt("--quiet", "build", *arguments)
    ended = time.time()
    results = json.loads((server.folder / "target" / "run_results.json").read_text())["results"]
    nodes = [_node(result) for result in results if result["timing"]]
    first = min(node.started for node in nodes).timestamp()
    last = max(node.ended for node in nodes).timestamp()
    publishing = max(
        (node.seconds for node in nodes if "on-run-end" in node.unique_id), default=0.0
    )
    return Build(ended - started, nodes, first - started, last - first, publishing)


def _node(result: dict[str, Any]) -> Node:
    times = [timing for timing in result["timing"] if timing["started_at"]]
    return Node(
        result["unique_id"],
        result["execution_time"],
        min(datetime.fromisoformat(timing["started_at"]) for timing in times),
        max(datetime.fromisoformat(timing["completed_at"]) for timing in times),
        result["compiled_code"] or "",
    )


def _run_by_psql(server: Server, build: Build) -> tuple[float, float]:
    """Run what dbt compiled; return the seconds of the models and of the tests."""
    manifest = json.loads((server.folder / "target" / "manifest.json").read_text())["nodes"]
    models = {node.unique_id: node for node in build.nodes if node.kind == "model"}
    names = {
        manifest[id_]["relation_name"]: f'"{SCRATCH}"."{manifest[id_]["alias"]}"' for id_ in models
    }

    def renamed(text: str) -> str:
        for name, scratch in names.items():
            text = text.replace(name, scratch)
        return text

    depths: dict[str, int] = {}

    def depth(id_: str) -> int:
        if id_ not in depths:
            parents = [p for p in manifest[id_]["depends_on"]["nodes"] if p in models]
            depths[id_] = 1 + max(map(depth, parents), default=0)
        return depths[id_]

    # what dbt has just built is published by now
    found = server.psql(
        "-c", "select tablename, indexdef from pg_indexes where schemaname = 'marts'"
    )
    indexes = [line.split("|", 1) for line in found.splitlines()]

    waves: dict[int, list[tuple[float, str]]] = {}
    for id_, model in models.items():
        kind = "view" if manifest[id_]["config"]["materialized"] == "view" else "table"
        name = names[manifest[id_]["relation_name"]]
        statement = f"create {kind} {name} as\n{renamed(model.sql)};\n"
        for table, definition in indexes:
            if table == manifest[id_]["alias"]:
                statement += definition.replace(" ON marts.", f" ON {SCRATCH}.", 1) + ";\n"
        waves.setdefault(depth(id_), []).append((model.seconds, statement))
    tests = [
        (node.seconds, COUNT.format(query=renamed(node.sql)))
        for node in build.nodes
        if node.kind in ("test", "unit_test") and node.sql
    ]
    server.psql(script=f"drop schema if exists {SCRATCH} cascade; create schema {SCRATCH};")
    started = time.monotonic()
    for _, wave in sorted(waves.items()):
        _at_once(server, wave)
    built = time.monotonic()
    _at_once(server, tests)
    return built - started, time.monotonic() - built


def _at_once(server: Server, statements: list[tuple[float, str]]) -> None:
    """Run statements in as many sessions as dbt has threads, the longest first."""
    scripts = [""] * THREADS
    busy = [0.0] * THREADS
    for seconds, statement in sorted(statements, reverse=True):
        idle = busy.index(min(busy))
        busy[idle] += seconds
        scripts[idle] += statement

    def run(script: str) -> None:
        subprocess.run(
            [*psql_command(), "-d", "mypizza"], env=server.environment, input=script, text=True,
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, filter(None, scripts)))


def _stages(days: list[list[Build]]) -> list[tuple[str, ...]]:
    """Return where the wall time of builds goes, and the threads' time by kind of node."""
    stages: dict[str, Callable[[Build], float]] = {
        "the command": lambda build: build.seconds,
        "start, parse, on-run-start": lambda build: build.before,
        "models, tests, publication": lambda build: build.working,
        "of it publication": lambda build: build.publishing,
    }
    rows = [
        (name, *(spread([measure(build) for build in builds]) for builds in days))
        for name, measure in stages.items()
    ]
    for kind in ("seed", "model", "snapshot", "test", "unit_test"):
        counts = [node.kind for node in days[0][-1].nodes].count(kind)
        rows.append((
            f"sum over threads: {counts} {kind.replace('_', ' ')}s",
            *(spread([_sum(build, kind) for build in builds]) for builds in days),
        ))  # fmt: skip
    return rows


def _sum(build: Build, kind: str) -> float:
    return sum(node.seconds for node in build.nodes if node.kind == kind)


def _stage_grids(scale: int, builds: list[Build]) -> list[Grid]:
    stages = Grid(
        f"d. Where `dbt build --full-refresh` spends its time at scale {scale}",
        ("what", "seconds, best / median"),
        _stages([builds]),
    )
    return [stages, _slowest("d", (scale,), [builds])]


def _slowest(part: str, scales: tuple[int, ...], days: list[list[Build]]) -> Grid:
    """Return the nodes that take longest at the largest scale."""
    times = [
        {
            id_: median([node.seconds for build in builds for node in build.nodes
                         if node.unique_id == id_])
            for id_ in {node.unique_id for node in builds[-1].nodes}
        }
        for builds in days
    ]  # fmt: skip
    names = {node.unique_id: node.name for node in days[-1][-1].nodes}
    slowest = sorted(times[-1], key=lambda id_: times[-1][id_], reverse=True)[:SLOWEST]
    return Grid(
        f"{part}. The {SLOWEST} slowest nodes",
        ("node", *(f"seconds at scale {scale}" for scale in scales)),
        [
            (f"{id_.partition('.')[0]} {names[id_]}",
             *(f"{measured[id_]:.2f}" if id_ in measured else "" for measured in times))
            for id_ in slowest
        ],
    )  # fmt: skip
