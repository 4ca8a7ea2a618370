from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from qlora_gov import DataError, Example
from qlora_gov_data.jsonl import Jsonl, JsonlSettings

GOOD = b'{"prompt": "Why?", "response": "Because."}\n'


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], list[Example]]:
    def read_bytes(data: bytes) -> list[Example]:
        path = tmp_path / "train.jsonl"
        path.write_bytes(data)
        return list(Jsonl(JsonlSettings(path=path)).read())

    return read_bytes


def test_lines_are_counted_as_an_editor_does(read: Callable[[bytes], list[Example]]) -> None:
    examples = read(b"\xef\xbb\xbf" + GOOD + b"\n  \r\n" + GOOD.replace(b"\n", b"\r\n") + GOOD.rstrip())

    assert [example.source for example in examples] == ["train.jsonl:1", "train.jsonl:4", "train.jsonl:5"]
    assert {example.reference for example in examples} == {"Because."}


def test_a_line_separator_within_a_text_ends_no_line(read: Callable[[bytes], list[Example]]) -> None:
    text = "one\u2028two\x85three"
    line = json.dumps({"prompt": text, "response": "Yes."}, ensure_ascii=False)
    assert [example.question for example in read(line.encode())] == [text]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"prompt": "Why?" "response": ""}', "not valid JSON, or cut short: Expecting ',' delimiter at character 19"),
        (b'{"prompt": "Why?"', "not valid JSON, or cut short: Expecting ',' delimiter at character 18"),
        (b"prompt: Why?", "not valid JSON, or cut short: Expecting value at character 1"),
        (b'{"prompt": "caf\xe9"}', "not UTF-8: byte 16; save the file as UTF-8"),
        (b'["Why?", "Because."]', "not an object with 'messages'"),
        (b"null", "not an object with 'messages'"),
        (b'{"prompt": "Why?", "response": "x", "n": NaN}', "key 'n' cannot be recorded"),
        (b'{"prompt": "Why?", "response": "x", "n": ' + b"9" * 5000 + b"}", "not usable JSON: Exceeds the limit"),
        (b"[" * 100_000, "not usable JSON: "),
        (b'{"messages": [{"role": "user", "content": "Why?"}]}', "no assistant turn"),
        (b'{"prompt": "Why?", "response": "x", "response": "y"}', "not usable JSON: the key 'response' stands twice"),
        (b'{"prompt": "Why?", "response": "x", "n": {"\\u0061": 1, "a": 2}}', "not usable JSON: the key 'a' stands"),
    ],
)
def test_a_bad_line_is_named(read: Callable[[bytes], list[Example]], line: bytes, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(GOOD + b"\n" + line + b"\n" + GOOD)
    assert str(caught.value).startswith(f"train.jsonl:3: {message}")
    assert "\n" not in str(caught.value)


def test_a_key_that_says_the_same_twice_says_it_once(read: Callable[[bytes], list[Example]]) -> None:
    assert read(GOOD.replace(b"}", b', "prompt": "Why?"}')) == read(GOOD)


@pytest.mark.parametrize("data", [b"", b"\n\n  \n"])
def test_an_empty_file_is_an_error(read: Callable[[bytes], list[Example]], data: bytes) -> None:
    with pytest.raises(DataError, match=r"^train.jsonl: holds no examples$"):
        read(data)


def test_a_file_that_went_away_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(GOOD)
    source = Jsonl(JsonlSettings(path=path))
    path.unlink()
    with pytest.raises(DataError, match=r"train\.jsonl: cannot be read: No such file or directory$"):
        list(source.read())
