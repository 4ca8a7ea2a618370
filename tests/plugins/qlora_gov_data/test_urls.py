"""Sources whose file is a URL."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import fsspec
import pytest

from qlora_gov import SourceSpec
from qlora_gov.plugin.host import load_catalog

ROWS = [{"prompt": f"Number {at}?", "response": "Yes."} for at in range(3)]
TALK = "Customer: Why?\nAgent: Because.\n"


def parquet(path: Path) -> None:
    datasets.Dataset.from_list(ROWS).to_parquet(path)


@pytest.mark.parametrize(
    ("use", "name", "write", "settings", "lines"),
    [
        ("jsonl", "a.jsonl", lambda path: path.write_text("\n".join(map(json.dumps, ROWS))), {}, [1, 2, 3]),
        ("jsonl", "a.jsonl.gz", lambda path: path.write_bytes(gzip.compress(json.dumps(ROWS[0]).encode())), {}, [1]),
        ("csv", "a.csv", lambda path: path.write_text("prompt,response\na,b\n"), {}, [2]),
        ("parquet", "a.parquet", parquet, {}, [1, 2, 3]),
        (
            "transcripts",
            "a.log",
            lambda path: path.write_text(TALK),
            {"speakers": {"Agent": "assistant", "*": "user"}},
            [1],
        ),
        ("documents", "a.md", lambda path: path.write_text("# A\n\nText.\n"), {"prompt": "{title}?"}, [3]),
    ],
)
def test_rows_are_known_by_their_url_and_line(
    use: str, name: str, write: Callable[[Path], Any], settings: dict[str, Any], lines: list[int], tmp_path: Path
) -> None:
    write(tmp_path / name)
    url = f"memory://test_urls/{name}"
    with fsspec.open(url, "wb") as stream:
        stream.write((tmp_path / name).read_bytes())
    bound = load_catalog().bind(SourceSpec, use, {"path": url, **settings}, root=tmp_path, where="test")
    assert [row.source for row in bound.make().read()] == [f"{url}:{line}" for line in lines]
