"""The filters on the rows that the example project plants for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qlora_gov import Example, Filter
from qlora_gov_data.duplicates import ExactDuplicates, NearDuplicates
from qlora_gov_data.jsonl import Jsonl, JsonlSettings
from qlora_gov_data.leaks import HeldOutLeak, HeldOutLeakSettings
from qlora_gov_data.similarity import Similarity
from qlora_gov_data.texts import Comparison

DATA = Path(__file__).parents[3] / "examples" / "finance_support" / "data"
Verdicts = Callable[..., list[str | None]]


def read(name: str) -> list[Example]:
    return list(Jsonl(JsonlSettings(path=DATA / name)).read())


def planted(rows: list[Example], kind: str) -> list[Example]:
    return [row for row in rows if row.extra.get("planted") == kind]


@pytest.fixture(scope="module")
def training() -> list[Example]:
    return read("train.jsonl")


@pytest.fixture(scope="module")
def evaluation() -> list[Example]:
    return read("evaluation.jsonl")


def test_every_planted_leak_goes_and_nothing_else(
    training: list[Example], evaluation: list[Example], verdicts: Verdicts
) -> None:
    reasons = verdicts(HeldOutLeak(HeldOutLeakSettings()), training, evaluation)
    dropped = [row for row, reason in zip(training, reasons, strict=True) if reason]

    assert dropped == planted(training, "leak")
    assert reasons.count("group is held out") == reasons.count("text is held out") == 2


@pytest.mark.parametrize(
    ("component", "kind", "others"),
    [
        (ExactDuplicates(Comparison()), "duplicate", "near_duplicate"),
        (NearDuplicates(Similarity(threshold=0.65)), "near_duplicate", "duplicate"),
    ],
)
def test_of_every_planted_pair_one_row_goes_and_no_other_row_does(
    training: list[Example], verdicts: Verdicts, component: Filter, kind: str, others: str
) -> None:
    """The planted row of a pair may stand before the one that it was made from; the first stays."""
    rows = [row for row in training if row.extra.get("planted") != others]
    reasons = verdicts(component, rows)
    pairs = planted(rows, kind)
    assert len(pairs) == 5
    assert sum(reason is not None for reason in reasons) == len(pairs)

    without = [row for row in rows if row not in pairs]
    assert verdicts(component, without) == [None] * len(without)


@pytest.mark.parametrize("component", [ExactDuplicates(Comparison()), NearDuplicates(Similarity())])
def test_the_evaluation_set_holds_no_duplicates(
    evaluation: list[Example], verdicts: Verdicts, component: Filter
) -> None:
    assert verdicts(component, evaluation) == [None] * len(evaluation)
