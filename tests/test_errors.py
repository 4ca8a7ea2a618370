from __future__ import annotations

import copy
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlora_gov import errors
from qlora_gov.cli.main import COMMANDS
from qlora_gov.errors import (
    APPROVED,
    BUG,
    INCONCLUSIVE,
    INTERRUPTED,
    REFUSED,
    DataError,
    GovError,
    PluginError,
    UndecidableError,
    did_you_mean,
    nearest,
    try_each,
)

DECISIONS = {APPROVED, REFUSED, INCONCLUSIVE}


def tree(error: type[GovError]) -> list[type[GovError]]:
    """Ours, and none that a test made to stand for a plugin's own."""
    children = [child for child in error.__subclasses__() if child.__module__.startswith("qlora_gov.")]
    return [error, *(below for child in children for below in tree(child))]


def test_the_drawing_is_the_tree() -> None:
    drawn = re.findall(r"^    ([│├└─ ]*)(\w+Error)\s+(\d*)", str(errors.__doc__), flags=re.MULTILINE)
    ours = [error for error in tree(GovError) if error.__module__ == "qlora_gov.errors"]
    assert [name for _, name, _ in drawn] == [error.__name__ for error in ours]
    for (branch, _, code), error in zip(drawn, ours, strict=True):
        assert len(branch) // 4 == len(error.__mro__) - len(GovError.__mro__)
        assert code in ("", str(error.exit_code))


def test_no_error_can_be_taken_for_a_decision_or_for_success() -> None:
    codes = {error.exit_code for error in tree(GovError)}
    assert codes & DECISIONS == {INCONCLUSIVE}  # a policy that no answers could pass is inconclusive, and alone is
    assert [error for error in tree(GovError) if error.exit_code == INCONCLUSIVE] == [UndecidableError]
    assert INTERRUPTED not in codes
    assert {error for error in tree(GovError) if error.exit_code == BUG} == {GovError}
    assert all(0 < code < 126 for code in codes)  # what is above has a meaning to shells


def test_an_error_of_several_lines_is_one_line_as_text_and_survives_a_copy() -> None:
    error = DataError("a: one", "b: two")
    for same in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert same.lines == ("a: one", "b: two")
        assert str(same) == "a: one; b: two"


def test_each_is_tried_and_all_that_was_raised_is_told_at_once() -> None:
    def half(number: int) -> int:
        if number % 2:
            raise (DataError if number < 5 else PluginError)(f"{number} is odd", f"{number} has no half")
        return number // 2

    assert try_each(half, [2, 4]) == [1, 2]
    with pytest.raises(DataError) as caught:
        try_each(half, [2, 3, 5])
    assert caught.value.lines == ("3 is odd", "3 has no half", "5 is odd", "5 has no half")
    assert isinstance(caught.value.__cause__, DataError)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("evalute", "evaluate"),
        ("evlauate", "evaluate"),
        ("Evaluate", "evaluate"),
        ("eval", "evaluate"),
        ("trian", "train"),
        ("trains", "train"),
        ("gaet", "gate"),
        ("crd", "card"),
        ("rollbck", "rollback"),
        ("vreify", "verify"),
        ("changlog", "changelog"),
        ("VERIFY", "verify"),
        ("promo", "promote"),
        ("validate", None),
        ("simulate", None),
        ("check", None),
        ("export", None),
        ("demote", None),
        ("remote", None),
        ("unsign", None),
        ("rate", None),
        ("brain", None),
        ("list", None),
        ("tra", None),  # trace or train
        ("pr", None),
        ("", None),
    ],
)
def test_only_a_misspelling_or_the_one_beginning_stands_for_a_known_name(name: str, near: str | None) -> None:
    assert nearest(name, COMMANDS) == near


WORDS = st.text("abc", max_size=6)


@given(WORDS, WORDS)
def test_a_name_that_differs_by_one_edit_is_near_from_four_letters_on(head: str, tail: str) -> None:
    right = f"name{head}{tail}"
    for wrong in (f"name{head}x{tail}", f"nmae{head}{tail}", f"nam{head}{tail}", f"namx{head}{tail}"):
        assert nearest(wrong, [right, "other"]) == right


@pytest.mark.parametrize(
    ("name", "known", "tail"),
    [
        ("rouge", ["bleu", "rouge_l"], "did you mean 'rouge_l'?"),
        ("BLEU", ["bleu", "rouge_l"], "did you mean 'bleu'?"),
        ("rouge", ["rouge_1", "rouge_l"], "known: rouge_1, rouge_l"),
        ("rouge_2", ["rouge_1", "rouge_l"], "did you mean 'rouge_1'?"),
        ("xyz", ["bleu", "rouge_l"], "known: bleu, rouge_l"),
        ("xyz", {"b": 1, "a": 2}, "known: a, b"),
        ("xyz", [], "none are known"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, known: list[str], tail: str) -> None:
    assert did_you_mean(name, known) == tail
