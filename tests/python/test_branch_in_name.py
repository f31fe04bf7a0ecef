"""The branch in a file's name is one that there is, where the name can be split in several ways."""

from __future__ import annotations

from pathlib import Path

from ingest.sources.files import feed
from ingest.sources.files.bucket import Bucket


def test_a_known_branch_goes_before_a_longer_word(tmp_path: Path) -> None:
    for name in ("x_quito_helmikuu_2025.csv", "x_lyon_2025-01.csv", "x_nowhere_2025.csv"):
        (tmp_path / name).write_text("a\n1\n", "utf-8")
    told = feed.declared("named", {"url": str(tmp_path), "files": "x_{branch_id}_*.csv"})
    assert {file.name: file.branch_id for file in Bucket(told).files()} == {
        "x_quito_helmikuu_2025.csv": "quito",
        "x_lyon_2025-01.csv": "lyon",
        "x_nowhere_2025.csv": "nowhere",
    }
