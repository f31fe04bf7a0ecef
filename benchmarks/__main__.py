"""The command `python -m benchmarks`: measure, print, and write benchmarks/results.md."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import bucket, build, facts, follow, load, queries, streams, visits
from benchmarks.server import Grid, Part, Ratio, Server
from ingest.warehouse import BIN_DIR

HERE = Path(__file__).parent
console = Console()
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class PartName(StrEnum):
    """The parts that can be measured alone."""

    A = "a"
    B = "b"
    C = "c"
    D = "d"
    E = "e"
    F = "f"
    G = "g"
    H = "h"
    FACTS = "i"
    VISITS = "j"
    STREAMS = "k"
    FOLLOW = "l"


@app.command()
def main(
    part: Annotated[
        list[PartName] | None, typer.Option(help="Only this part; may be repeated.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1000, help="Order lines of a, b and j.")] = 2_000_000,
    scale: Annotated[int, typer.Option(min=2, help="The large company of c, d, g, h.")] = 20,
    file_lines: Annotated[int, typer.Option(min=1000, help="Lines of part e's file.")] = 10_000_000,
    files: Annotated[int, typer.Option(min=1, help="How many files part f has.")] = 100_000,
    largest: Annotated[int, typer.Option(min=2, help="The largest company of h.")] = 100,
    touchable: Annotated[int, typer.Option(min=100, help="Orders per source of i.")] = 100_000,
    events: Annotated[int, typer.Option(min=1000, help="Messages of k.")] = 1_000_000,
    seconds: Annotated[int, typer.Option(min=60, help="How long events come in l.")] = 240,
    repeats: Annotated[int, typer.Option(min=1, help="Measurements of each.")] = 3,
) -> None:
    """Measure speed and memory on servers of their own; exit code 1 if a limit is exceeded.

    Full-sized runs of all parts are written to benchmarks/results.md.
    """
    chosen = part or list(PartName)
    sizes = (rows, scale, file_lines, files, largest, touchable, events, seconds)
    full = (2_000_000, 20, 10_000_000, 100_000, 100, 100_000, 1_000_000, 240)
    is_full = sizes == full and chosen == list(PartName)
    folder = Path(tempfile.mkdtemp(prefix="mypizza-bench-"))
    folder.chmod(0o711)  # where we are root, the servers run as another user
    load_before = os.getloadavg()[0]
    started = time.monotonic()
    measures = {
        PartName.A: lambda: load.full_load(folder / "full", rows, repeats),
        PartName.B: lambda: load.day_load(folder, (rows, 10 * rows), rows // 100, repeats),
        PartName.C: lambda: build.day_build(folder, (1, scale), repeats),
        PartName.D: lambda: build.bare_build(folder, scale, repeats),
        PartName.E: lambda: bucket.long_file(folder / "long", file_lines, repeats),
        PartName.F: lambda: bucket.small_files(folder / "small", files),
        PartName.G: lambda: build.reconciled_day(folder, scale, 2 * repeats + 1),
        PartName.H: lambda: queries.query_times(folder, (1, scale, largest), 2 * repeats + 1),
        PartName.FACTS: lambda: facts.touched_orders(folder, touchable),
        PartName.VISITS: lambda: visits.daily_visits(folder, rows // 2, 2 * repeats + 1),
        PartName.STREAMS: lambda: streams.topic_load(folder / "topic", events, repeats),
        PartName.FOLLOW: lambda: follow.followed(folder, seconds),
    }
    parts: list[Part] = []
    try:
        for name in chosen:
            with console.status(f"Part {name}"):
                parts.append(measures[name]())
            _print(parts[-1])
    finally:
        _stop_servers(folder)
        shutil.rmtree(folder, ignore_errors=True)
    ratios = [ratio for measured in parts for ratio in measured.ratios]
    if is_full:
        text = _report(ratios, parts, load_before, time.monotonic() - started)
        (HERE / "results.md").write_text(text, encoding="utf-8")
        console.print("Written to benchmarks/results.md.")
    else:
        console.print("Not the full benchmark: benchmarks/results.md stays as it is.")
    if not all(ratio.is_met for ratio in ratios):
        raise typer.Exit(1)


def _stop_servers(folder: Path) -> None:
    """Stop whatever server still runs, after a failure or an interrupt."""
    for home in folder.glob("*"):
        if (home / "data" / "postmaster.pid").exists():
            Server(home).stop()


def _print(part: Part) -> None:
    for grid in part.grids:
        table = Table(*grid.columns, title=grid.title)
        for row in grid.rows:
            table.add_row(*row)
        console.print(table)
    table = Table("ratio", "measured", "limit", "from")
    for ratio in part.ratios:
        colour = "green" if ratio.is_met else "red"
        value = f"[{colour}]{_amount(ratio.value, ratio)}[/{colour}]"
        table.add_row(ratio.what, value, _amount(ratio.limit, ratio), ratio.basis)
    console.print(table)


def _amount(value: float, ratio: Ratio) -> str:
    if ratio.unit == "x":
        return f"{value:.2f} x"
    return f"{value:.1f} %" if ratio.unit == "%" else f"{value:.0f} {ratio.unit}"


def _report(ratios: list[Ratio], parts: list[Part], load_before: float, seconds: float) -> str:
    """Return results.md: the ratios, the machine, the tables, and what people found out."""
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d} in {seconds / 60:.0f} minutes. "
        "Only ratios within one run say something about another machine.",
        "",
        *_markdown(
            Grid(
                "",
                ("part", "ratio", "measured", "limit", "kept", "from"),
                [
                    (ratio.part, ratio.what, _amount(ratio.value, ratio),
                     _amount(ratio.limit, ratio), "yes" if ratio.is_met else "**no**", ratio.basis)
                    for ratio in ratios
                ],
            )
        ),
        "## The machine",
        "",
        *(f"- {fact}" for fact in _machine()),
        f"- load average before the run: {load_before:.2f}",
        "",
    ]  # fmt: skip
    for part in parts:
        for grid in part.grids:
            lines += [f"## {grid.title}", ""]
            lines += [grid.note, ""] if grid.note else []
            lines += _markdown(grid)
    lines.append((HERE / "notes.md").read_text(encoding="utf-8").strip())
    return "\n".join(lines) + "\n"


def _markdown(grid: Grid) -> list[str]:
    rows = [grid.columns, ("---",) * len(grid.columns), *grid.rows]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [*("| " + " | ".join(row) + " |" for row in cells), ""]


def _machine() -> list[str]:
    cpu = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [
            line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = models[0].partition(":")[2].strip() if models else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    server = subprocess.run(
        [str(BIN_DIR / "postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    packages = (
        "dlt",
        "dbt-core",
        "dbt-postgres",
        "connectorx",
        "adbc-driver-postgresql",
        "pyarrow",
    )
    return [
        f"{os.cpu_count()} cores, {cpu}; {memory:.0f} GB of memory; {platform.platform()}",
        f"{server}; Python {platform.python_version()}",
        ", ".join(f"{package} {version(package)}" for package in packages),
    ]


if __name__ == "__main__":
    app()
