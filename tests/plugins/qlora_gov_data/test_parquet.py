from __future__ import annotations

import datetime
import json
import math
from pathlib import Path
from typing import Any

import datasets
import pytest

from qlora_gov import DataError, Example
from qlora_gov_data.jsonl import Jsonl, JsonlSettings
from qlora_gov_data.parquet import Parquet, ParquetSettings

TALK = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    datasets.Dataset.from_list(rows).to_parquet(path)
    return path


def read(path: Path) -> list[Example]:
    return list(Parquet(ParquetSettings(path=path)).read())


def test_gives_what_the_same_rows_give_as_jsonl(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"messages": TALK, "group": "a", "tags": ["x"]}, {"messages": TALK, "intent": "why"}]
    lines = tmp_path / "faq.jsonl"
    lines.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    columns = [{"messages": None, "group": None, "intent": None, "tags": None, **row} for row in rows]
    table = write(tmp_path / "faq.parquet", columns)

    expected = [example.model_dump() for example in Jsonl(JsonlSettings(path=lines)).read()]
    found = [example.model_dump() for example in read(table)]
    assert [row.pop("source") for row in found] == ["faq.parquet:1", "faq.parquet:2"]
    assert [row.pop("source") for row in expected] == ["faq.jsonl:1", "faq.jsonl:2"]
    assert found == expected


def test_rows_beyond_one_batch_stay_in_order(tmp_path: Path) -> None:
    rows = [{"prompt": f"Question {number}", "response": "Yes."} for number in range(1, 2502)]
    examples = read(write(tmp_path / "faq.parquet", rows))

    assert [example.question for example in examples] == [row["prompt"] for row in rows]
    assert examples[-1].source == "faq.parquet:2501"


def test_a_date_is_kept_as_text(tmp_path: Path) -> None:
    row = {"messages": TALK, "asked": datetime.datetime(2024, 2, 3, 4, 5)}
    assert read(write(tmp_path / "faq.parquet", [row]))[0].extra == {"asked": "2024-02-03T04:05:00"}


def test_the_home_directory_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    read(write(tmp_path / "faq.parquet", [{"messages": TALK}]))

    assert [path.name for path in tmp_path.iterdir()] == ["faq.parquet"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"messages": TALK}, {"messages": TALK[:1]}], "faq.parquet:2: no assistant turn"),
        ([{"prompt": "Why?", "response": ""}], "faq.parquet:1: messages.1: the assistant's turn is empty"),
        ([{"messages": TALK, "image": b"\xff\xd8"}], "faq.parquet:1: holds what JSON cannot carry: 'utf-8' codec"),
        ([{"messages": TALK, "score": math.nan}], "faq.parquet:1: key 'score' cannot be recorded"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(write(tmp_path / "faq.parquet", rows))
    assert str(caught.value).startswith(message)


def test_a_table_without_rows_is_an_error(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"prompt": [], "response": []}).to_parquet(tmp_path / "faq.parquet")
    with pytest.raises(DataError, match=r"^faq.parquet: "):
        read(tmp_path / "faq.parquet")


@pytest.mark.parametrize("data", [b"", b'{"prompt": "Why?"}\n'])
def test_a_file_of_another_kind_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "faq.parquet"
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"^faq.parquet: cannot be loaded: .*[Pp]arquet") as caught:
        read(path)
    assert "\n" not in str(caught.value)
