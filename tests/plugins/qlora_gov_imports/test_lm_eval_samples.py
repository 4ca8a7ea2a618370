"""Lines of samples: each broken one is one error that names file and line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov import DataError
from qlora_gov_imports.lm_eval import LmEval

pytestmark = pytest.mark.xdist_group("lm_eval")
THIRD = 3


@pytest.fixture
def path(lm_eval_copy) -> Path:
    (found,) = lm_eval_copy.glob("samples_sums_*.jsonl")
    return found


def edit(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the third line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    sample = json.loads(lines[THIRD - 1])
    change(sample)
    lines[THIRD - 1] = json.dumps(sample)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def message_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        LmEval().read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("target"), "not a sample of lm-evaluation-harness: target: field required"),
        (lambda s: s.pop("filter"), "filter: field required"),
        (lambda s: s.update(doc_id="2"), "doc_id: input should be a valid integer"),
        (lambda s: s.update(doc_id=2**60), "cannot be recorded: "),
        (lambda s: s.update(arguments=[]), "arguments: "),
        (lambda s: s.update(arguments={}), "no arg_0 in gen_args_0, so the prompt is not known"),
        (lambda s: s.pop("exact_match"), "the metric 'exact_match' is listed, but has no value"),
        (lambda s: s.update(filtered_resps=["half a \ud83d pair"]), "not usable JSON: "),
        (lambda s: s.update(doc_hash="\udc00"), "not usable JSON: "),
        (lambda s: s.update(doc_id=0), "document 0 stands on line 1 already"),
    ],
)
def test_a_broken_line_is_named(path, change, words):
    edit(path, change)
    message = message_of(path)
    assert message.startswith(f"{path}:{THIRD}: ")
    assert words in message


def test_a_torn_last_line_is_named(path):
    path.write_bytes(path.read_bytes()[:-40])
    assert message_of(path).startswith(f"{path}:20: not valid JSON, or cut short: ")


def test_a_line_that_says_one_thing_twice_is_named(path):
    lines = path.read_bytes().splitlines(keepends=True)
    lines[THIRD - 1] = lines[THIRD - 1].replace(b'{"', b'{"exact_match": 0.25, "', 1)
    path.write_bytes(b"".join(lines))
    assert message_of(path).startswith(f"{path}:{THIRD}: not usable JSON: the key 'exact_match' stands twice")


def test_a_line_that_is_no_object_is_named(path):
    path.write_bytes(b"[1]\n" + path.read_bytes())
    assert message_of(path).startswith(f"{path}:1: not a sample of lm-evaluation-harness: ")


def test_an_empty_file_is_named(path):
    path.write_bytes(b"")
    assert message_of(path) == f"{path}: holds no samples"


def test_a_whole_surrogate_pair_is_a_character(path):
    edit(path, lambda sample: sample.update(filtered_resps=["\U0001f600"]))
    assert b"\\ud83d\\ude00" in path.read_bytes()
    assert LmEval().read(path).rows[THIRD - 1].response == "\U0001f600"


def test_a_prompt_that_is_no_text_is_kept_as_json(path):
    edit(path, lambda sample: sample["arguments"]["gen_args_0"].update(arg_0=[{"role": "user"}, "picture"]))
    assert LmEval().read(path).rows[THIRD - 1].example.question == '[{"role": "user"}, "picture"]'


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(filtered_resps=s["filtered_resps"][:1]),
        lambda s: s["filtered_resps"][1].__setitem__(0, "nan"),
        lambda s: s["filtered_resps"][1].__setitem__(0, "no number"),
        lambda s: s["arguments"]["gen_args_1"].update(arg_0="another prompt"),
    ],
)
def test_a_choice_that_cannot_be_told_is_shown_as_it_was_logged(lm_eval_copy, change):
    (path,) = lm_eval_copy.glob("samples_pick_*.jsonl")
    edit(path, change)
    row = LmEval().read(path).rows[THIRD - 1]
    assert row.response.startswith('["-') or row.response.startswith('[["-')
