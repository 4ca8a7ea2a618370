from __future__ import annotations

import re

import pytest

from qlora_gov import errors
from qlora_gov.errors import APPROVED, BUG, INCONCLUSIVE, INTERRUPTED, REFUSED, GovError, did_you_mean

DECISIONS = {APPROVED, REFUSED, INCONCLUSIVE}


def tree(error: type[GovError]) -> list[type[GovError]]:
    return [error, *(below for child in error.__subclasses__() for below in tree(child))]


def test_the_drawing_is_the_tree() -> None:
    drawn = re.findall(r"^    ([│├└─ ]*)(\w+Error)\s+(\d*)", str(errors.__doc__), flags=re.MULTILINE)
    ours = [error for error in tree(GovError) if error.__module__ == "qlora_gov.errors"]
    assert [name for _, name, _ in drawn] == [error.__name__ for error in ours]
    for (branch, _, code), error in zip(drawn, ours, strict=True):
        assert len(branch) // 4 == len(error.__mro__) - len(GovError.__mro__)
        assert code in ("", str(error.exit_code))


def test_no_error_can_be_taken_for_a_decision_or_for_success() -> None:
    codes = {error.exit_code for error in tree(GovError)}
    assert not codes & DECISIONS
    assert INTERRUPTED not in codes
    assert {error for error in tree(GovError) if error.exit_code == BUG} == {GovError}
    assert all(0 < code < 126 for code in codes)  # what is above has a meaning to shells


@pytest.mark.parametrize(
    ("name", "known", "tail"),
    [
        ("rouge", ["bleu", "rouge_l"], "did you mean 'rouge_l'?"),
        ("xyz", ["bleu", "rouge_l"], "known: bleu, rouge_l"),
        ("xyz", {"b": 1, "a": 2}, "known: a, b"),
        ("xyz", [], "none are known"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, known: list[str], tail: str) -> None:
    assert did_you_mean(name, known) == tail
