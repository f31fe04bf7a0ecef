"""Writes what is published as one page that opens without a server or a network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import vl_convert
import yaml
from jinja2 import Environment, FileSystemLoader

from ingest.warehouse import PROJECT_DIR, Warehouse
from report.figures import NUMBERS, PAGE, Report
from report.read import FOLDER, Rows, read
from report.theme import THEMES

KEYS = ("scope_id", "period_id")
"""Columns by which a query's rows are found in the page; they are not written with each row."""

SCRIPTS = ("sums.js", "tables.js", "page.js")
"""The page's own scripts, each using those before it."""

EPOCH = date(1970, 1, 1)


def build_report(warehouse: Warehouse, site: Path) -> Path:
    """Write the report of what is published.

    Args:
        warehouse: where the marts are, as for `read`.
        site: the folder of the pages.

    Returns:
        The page, `report.html` in that folder.

    Raises:
        WarehouseError: nothing was published yet, or the login may not read it.
    """
    page = site / "report.html"
    page.write_text(render(read(warehouse)), encoding="utf-8")
    return page


def render(answers: dict[str, Rows]) -> str:
    """Put rows, charts and the script that shows them into one page.

    Args:
        answers: the rows of each query.

    Returns:
        The page's HTML. Its policy allows the scripts that it holds, and no network.
    """
    # Vega with its expressions' interpreter; the bundle has Vega alone as null
    vega = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    script = "".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS)
    published = answers["publication"][0]["publication"] if answers["publication"] else None
    loader = FileSystemLoader(FOLDER)
    content = PAGE.of(answers["days"])
    templates = Environment(loader=loader, autoescape=False)  # noqa: S701 - own texts, data as JSON
    return templates.get_template("page.html").render(
        policy=_policy(vega, script),
        themes=THEMES,
        style=(FOLDER / "page.css").read_text(encoding="utf-8"),
        script=script,
        vega=vega,
        data=_zipped(_book(answers, content)),
        published=f"The figures were published on {published}." if published else "",
        content=content,
    )


def _book(answers: dict[str, Rows], content: Report) -> dict[str, Any]:
    """Collect what the page's script needs."""
    scopes = {row["scope_id"] for row in answers["scopes"]}
    return {
        "scopes": [_plain(row) for row in answers["scopes"]],
        "periods": [_plain(row) for row in answers["periods"]],
        "tiles": [tile.model_dump() for tile in content.tiles],
        "theme": THEMES["light"],
        "numbers": sorted(NUMBERS),
        "bases": content.bases,
        "records": content.records,
        "longest_rest_days": _longest_rest_days(),
        "defaults": content.default_periods,
        "figures": [
            {
                **figure.model_dump(exclude={"section", "note", "wide"}),
                "height": figure.height,
                "spec": _compiled(figure.chart) if figure.chart else None,
            }
            for figure in content.figures
        ],
        "queries": {
            name: _packed([row for row in rows if row.get("scope_id", "") in scopes | {""}])
            for name, rows in answers.items()
            if name not in ("scopes", "periods", "publication")
        },
    }


def _longest_rest_days() -> int:
    """Return what the marts' periods go by, too."""
    project = yaml.load((PROJECT_DIR / "dbt_project.yml").read_bytes(), yaml.CSafeLoader)
    days: int = project["vars"]["longest_rest_days"]
    return days


def _compiled(chart: dict[str, Any]) -> dict[str, Any]:
    """Compile a chart here, once, and not in every browser that opens the page."""
    spec: dict[str, Any] = vl_convert.vegalite_to_vega(chart, vl_version="6.1")
    # the page's theme has these
    for name in ("$schema", "background", "config"):
        spec.pop(name, None)
    return spec


def _packed(rows: Rows) -> dict[str, Any]:
    """Write rows without repeating names, texts, branch and period: a tenth of the size.

    The script of the page unpacks them.
    """
    keys = [key for key in KEYS if rows and key in rows[0]]
    names = [name for name in (rows[0] if rows else {}) if name not in keys]
    types = {name: _type(rows, name) for name in names}
    texts: dict[str, int] = {}
    packed: Any = {} if keys else []
    for row in rows:
        place = packed
        for key in keys[:-1]:
            place = place.setdefault(row[key], {})
        if keys:
            place = place.setdefault(row[keys[-1]], [])
        place.append([
            texts.setdefault(row[name], len(texts))
            if types[name] == "text" and row[name] is not None
            else _value(row[name])
            for name in names
        ])  # fmt: skip
    return {
        "columns": [[name, types[name]] for name in names],
        "texts": list(texts),
        "rows": packed,
    }


def _type(rows: Rows, name: str) -> str:
    known = next((row[name] for row in rows if row[name] is not None), None)
    if isinstance(known, str):
        return "text"
    return "date" if _is_day(known) else "value"


def _is_day(value: Any) -> bool:
    """Say whether it is a date: a moment is one, too, to Python."""
    return isinstance(value, date) and not isinstance(value, datetime)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Write a row as charts read it: dates in milliseconds, numbers as a browser has them."""
    return {
        name: _value(value) * 86_400_000 if _is_day(value) else _value(value)
        for name, value in row.items()
    }


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else round(float(value), 6)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return (value - EPOCH).days
    return value


def _zipped(content: Any) -> str:
    """Write it as JSON that a script may hold, a quarter of its size."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _policy(*scripts: str) -> str:
    """Return the policy that lets these scripts run, and nothing be fetched or sent."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    # marks of a chart are styled inline
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
