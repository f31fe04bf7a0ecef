"""What `mypizza file check` is not sure of, it says; it maps nothing wrongly without saying so."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomlkit
from jinja2 import Environment

from ingest.sources.files import check, feed

CASES: dict[str, tuple[str, str, list[str], list[str]]] = {
    "a list of tenders beside the lines": (
        "web.jsonl",
        '{"no": 1, "at": "2026-03-01 08:00", "items": [{"item": "Tea", "qty": 1, "price": "9.00"}],'
        ' "discount": "1.00", "tenders": [{"type": "cash", "amount": "2.00"}, {"type": "card",'
        ' "amount": "7.00"}, {"type": "voucher", "amount": "0.50"}]}\n',
        ["tenders is a list that has several entries in 1 record(s), first in line 1. The model "
         "reads only the first entry: write the others (amount, type) into the model"],
        ["as line_amount", "as discount"],
    ),
}  # fmt: skip
"""A file's name and text, what is printed of it and what not."""


@pytest.mark.parametrize("case", CASES)
def test_what_is_doubtful_is_said_and_not_mapped(tmp_path: Path, case: str) -> None:
    name, text, printed, absent = CASES[case]
    (tmp_path / name).write_text(text, "utf-8")
    checked = check.check(f"{tmp_path}/{name}", "looked_at")
    said = "\n".join([*checked.doubts, *checked.blocks])
    for words in printed:
        assert words in said, said
    for words in absent:
        assert words not in said, said
    told = tomlkit.parse(checked.blocks[0]).unwrap()["sources"]["files"]["feeds"]["looked_at"]
    assert feed.declared("looked_at", told)
    Environment().parse(checked.blocks[2])  # noqa: S701 - it is SQL, not HTML
