"""Print how large the parts of the project are, and fail where one is too large.

Lines are those with code: neither blank nor only a comment or a docstring.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
PRODUCT = ("ingest", "report", "serve")
CHECKED = ("ingest", "report", "sample")
MOST_MACROS = 0.25
MOST_PYTHON = 1.10
"""Lines of Python for a line of model SQL: dbt is the core, so this may not rise."""

MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 60
NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER, tokenize.ENCODING,
}  # fmt: skip


def sql_lines(folder: str) -> int:
    """Count the lines of SQL and Jinja below a folder of the project."""
    lines = 0
    for file in (PROJECT_DIR / folder).rglob("*.sql"):
        text = re.sub(r"\{#.*?#\}", "", file.read_text("utf-8"), flags=re.DOTALL)
        lines += sum(
            1 for line in text.splitlines() if line.strip() and not line.strip().startswith("--")
        )
    return lines


def python_lines(text: str) -> int:
    """Count the lines of Python in a file's text."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def too_large(file: Path) -> Iterator[str]:
    """Say what is too large in a Python file: the file itself, and its functions."""
    text = file.read_text("utf-8")
    name = file.relative_to(PROJECT_DIR)
    if len(text.splitlines()) > MOST_FILE_LINES:
        yield f"{name}: {len(text.splitlines())} lines; at most {MOST_FILE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MOST_FUNCTION_LINES:
                yield (
                    f"{name}:{node.lineno}: {node.name} has {length} lines; "
                    f"at most {MOST_FUNCTION_LINES}"
                )


def python_files(folders: tuple[str, ...]) -> list[Path]:
    """Return the Python files below some folders of the project."""
    return sorted(file for folder in folders for file in (PROJECT_DIR / folder).rglob("*.py"))


def main() -> int:
    """Print the sizes, and what is too large.

    Returns:
        0 if nothing is too large, otherwise 1.
    """
    python = sum(python_lines(file.read_text("utf-8")) for file in python_files(PRODUCT))
    models, macros = sql_lines("models"), sql_lines("macros")
    print(
        f"Lines of code: Python of the product {python:,}, models {models:,}, macros {macros:,}. "
        f"Python to models {python / models:.2f}; macros to models {macros / models:.1%}."
    )
    complaints = [line for file in python_files(CHECKED) for line in too_large(file)]
    if macros > MOST_MACROS * models:
        complaints.append(
            f"macros: {macros / models:.1%} of the models' size; at most {MOST_MACROS:.0%}"
        )
    if python > MOST_PYTHON * models:
        complaints.append(f"Python: {python / models:.2f} lines for a line of model SQL")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
