"""Files of rows: packed ones, tables of text, and rows at fault."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from qlora_gov import DataError, Example
from qlora_gov_data.delimited import Csv, CsvSettings
from qlora_gov_data.jsonl import Jsonl, JsonlSettings

ROWS = [{"prompt": f"How is number {number}?", "response": "Well, thank you.", "n": number} for number in range(3_000)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def jsonl(path: Path, **settings: Any) -> list[Example]:
    return list(Jsonl(JsonlSettings.model_validate({"path": path, **settings})).read())


@pytest.mark.parametrize(("end", "pack"), [(".gz", gzip.compress), (".zst", zstd), (".bz2", bz2.compress)])
def test_a_packed_file_holds_the_same_rows(tmp_path: Path, end: str, pack: Callable[[bytes], bytes]) -> None:
    plain, packed = tmp_path / "rows.jsonl", tmp_path / f"rows.jsonl{end}"
    plain.write_bytes(LINES)
    packed.write_bytes(pack(LINES))
    rows = jsonl(packed)
    assert [row.id for row in rows] == [row.id for row in jsonl(plain)]
    assert rows[-1].source == f"rows.jsonl{end}:3000"
    packed.write_bytes(pack(LINES)[:-20] if end != ".gz" else LINES)
    with pytest.raises(DataError, match=rf"rows.jsonl{end}: cannot be read"):
        jsonl(packed)


def test_every_row_at_fault_is_told_the_first_twenty_in_full(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    bad = [b'{"prompt": "a"}\n', b"{broken\n", b'{"prompt": "a", "response": "b", "prompt": "c"}\n']
    path.write_bytes(b"".join([*bad * 10, LINES]))
    with pytest.raises(DataError) as caught:
        jsonl(path)
    assert len(caught.value.lines) == 21
    assert (
        caught.value.lines[0] == "rows.jsonl:1: no 'response'; a row without 'messages' needs 'prompt' and 'response'"
    )
    assert caught.value.lines[1].startswith("rows.jsonl:2: not valid JSON")
    assert "rows.jsonl:3" in caught.value.lines[2]
    assert "stands twice" in caught.value.lines[2]
    assert caught.value.lines[20] == "rows.jsonl: 10 more rows are at fault"


def table(path: Path, text: str, **settings: Any) -> list[Example]:
    path.write_bytes(text.encode())
    return list(Csv(CsvSettings.model_validate({"path": path, **settings})).read())


def test_a_table_of_text_is_read_by_its_column_names(tmp_path: Path) -> None:
    text = '\ufeffquestion;answer;language;note\r\n"Where; and\nwhen?";There.;en;\r\nWho?;Me.;;x\r\n'
    columns = {"prompt": "question", "response": "answer"}
    first, second = table(tmp_path / "rows.csv", text, delimiter=";", columns=columns)
    assert (first.question, first.reference, first.language, first.extra) == ("Where; and\nwhen?", "There.", "en", {})
    assert (second.language, second.extra) == (None, {"note": "x"})
    assert [first.source, second.source] == ["rows.csv:3", "rows.csv:4"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prompt,response\na,b,c\n", "rows.csv:2: has more cells than the first line has columns"),
        ('prompt,response\n"a,b\n', "rows.csv:2: not a row of cells: unexpected end of data"),
        ("prompt,response\n", "rows.csv: holds no examples"),
        ("prompt\na\n", "rows.csv:2: no 'response'"),
    ],
)
def test_a_table_at_fault_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        table(tmp_path / "rows.csv", text)
    assert str(caught.value).startswith(said)


def test_a_table_in_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("prompt,response\nWo ist die Br\u00fccke?,Da.\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"^rows.csv:2: not UTF-8: byte 14; save the file as UTF-8$"):
        list(Csv(CsvSettings(path=path)).read())
