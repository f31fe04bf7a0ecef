"""Writes the page from which people begin: what there is, whether it is right, where to look."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt

from ingest.warehouse import PROJECT_DIR, Warehouse
from report.read import FOLDER, read
from report.theme import THEMES

PAGES = (
    (
        "report.html",
        "The report",
        "Trading, menu, guests, kitchen and trust, by branch and period.",
    ),
    ("docs.html", "The docs", "Every table and column, with grain, key and a sample question."),
    ("lineage.html", "The lineage", "The source columns of every column."),
    ("er-diagram.svg", "The tables in one picture", "How the published tables join."),
)
"""The pages of the site: file, name, and what each says."""

GUIDE = PROJECT_DIR / "docs" / "how-to" / "connect.md"


def build_index(warehouse: Warehouse, site: Path) -> Path:
    """Write the index page of what is published, and the guide for BI tools beside it.

    Args:
        warehouse: as for the report.
        site: the folder of the pages.

    Returns:
        The page, `index.html` in that folder; it names the pages beside it.

    Raises:
        WarehouseError: nothing was published yet, or the login may not read it.
    """
    answers = read(warehouse, FOLDER / "index")
    templates = Environment(loader=FileSystemLoader(FOLDER / "index"), autoescape=True)
    (site / "connect.html").write_text(
        templates.get_template("connect.html").render(
            themes=THEMES, guide=_html(GUIDE.read_text(encoding="utf-8"))
        ),
        encoding="utf-8",
    )
    page = site / "index.html"
    page.write_text(
        templates.get_template("index.html").render(
            themes=THEMES,
            branches=answers["branches"],
            trust=answers["trust"][0],
            pages=[
                {"file": file, "name": name, "says": says}
                for file, name, says in PAGES
                if (site / file).exists()
            ],
            number=_number,
        ),
        encoding="utf-8",
    )
    return page


def _number(value: Any) -> str:
    return "" if value is None else f"{value:,.0f}"


def _html(markdown: str) -> str:
    """Write a page of the project as HTML; its headings have the ids that GitHub gives them."""
    parser = MarkdownIt().enable("table")
    tokens = parser.parse(markdown)
    for token, following in itertools.pairwise(tokens):
        if token.type == "heading_open":
            words = re.sub(r"[^\w\s-]", "", following.content.lower())
            token.attrSet("id", re.sub(r"\s", "-", words))
    html: str = parser.renderer.render(tokens, parser.options, {})
    # the project's own files do not lie beside the site
    return re.sub(r'<a href="(?![a-z]+:|#)[^"]*">(.*?)</a>', r"<code>\1</code>", html)
