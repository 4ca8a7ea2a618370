"""Figures are printed to what their interval supports."""

from __future__ import annotations

import math

import pytest

from qlora_gov.records import Absent, Interval, Outcome, SliceFinding, Verdict
from qlora_gov.reports.rendering.digits import Places, interval_places, places_of, slice_places
from qlora_gov.reports.rendering.figures import about, interval_words, number, setting_lines
from qlora_gov.reports.rendering.words import roughly, rounded


def found(low: float | None, high: float | None, **fields: object) -> Verdict:
    between = Interval(low=low, high=high, level=0.95, method="t")
    return Verdict(outcome=Outcome.PASS, reason="", interval=between, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "high", "places", "words"),
    [
        (0.15985, 0.37998, 2, "0.16 to 0.38 (95%)"),
        (0.0157, 0.204, 3, "0.016 to 0.204 (95%)"),
        (28.497, 35.12, 1, "28.5 to 35.1 (95%)"),
        (1_234.5, 6_789.1, -2, "1,200 to 6,800 (95%)"),
        (12_345.6, 12_399.9, 0, "12,346 to 12,400 (95%)"),
        (-0.4, -0.1, 2, "-0.40 to -0.10 (95%)"),
        (None, 0.0253, 3, "at most 0.025 (95%)"),
        (1.2e-9, 3.4e-9, 10, "1.2e-09 to 3.4e-09 (95%)"),
    ],
)
def test_two_digits_of_the_half_width_are_kept(low: float | None, high: float, places: int, words: str) -> None:
    verdict = found(low, high, estimate=low or 0.0)
    assert places_of(verdict, 2).contrast == places
    assert verdict.interval is not None
    assert interval_words(verdict.interval, places) == words


def test_the_first_edition_rounds_by_no_interval() -> None:
    assert places_of(found(0.1, 0.3, estimate=0.2), 1) == Places(None, None)
    assert rounded(0.312748, None) == 0.312748


@pytest.mark.parametrize("alone", [found(0.2, 0.2, estimate=0.2), Verdict(outcome=Outcome.FAIL, reason="")])
def test_nothing_is_rounded_by_an_interval_without_a_width(alone: Verdict) -> None:
    assert places_of(alone, 2) == Places(None, None)


@pytest.mark.parametrize("bound", [0.0298, 0.02999, 0.03001])
def test_a_figure_never_rounds_onto_or_over_its_limit(bound: float) -> None:
    places = places_of(found(0.0, 0.05, estimate=0.01, bound=bound, threshold=0.03), 2).contrast
    assert places is not None
    shown = float(number(bound, places))
    assert shown != 0.03
    assert (shown > 0.03) is (bound > 0.03)


def test_a_log_ratio_says_how_surely_the_values_are_known_relative_to_them() -> None:
    verdict = found(0.30, 0.40, estimate=0.345, contrast_kind="log_ratio", candidate=22.174, baseline=15.7)
    assert places_of(verdict, 2) == Places(3, 1)
    assert number(22.174, places_of(verdict, 2).values) == "22.2"


def test_a_slice_is_rounded_by_its_own_interval_and_its_rule_s_kind() -> None:
    one = SliceFinding(
        slice="en",
        outcome=Outcome.PASS,
        reason="",
        estimate=0.2,
        interval=Interval(low=0.1, high=0.3, level=0.95, method="t"),
        threshold=0.5,
        rows=9,
        clusters=9,
        candidate=1_234.5,
        baseline=Absent(absent="none"),
    )
    rule = Verdict(outcome=Outcome.PASS, reason="", contrast_kind="log_ratio")
    assert slice_places(rule, one, 2) == Places(2, -1)
    assert number(1_234.5, -1) == "1,230"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (1_537_704, "about 1,600,000"),
        (299, "about 300"),
        (1_500_000, "about 1,500,000"),
        (149, "about 150"),
        (45, "about 45"),
        (7, "about 7"),
        (0, "about 0"),
        (991, "about 1,000"),
    ],
)
def test_planned_rows_are_round_and_never_too_few(rows: int, text: str) -> None:
    assert about(rows) == text
    assert roughly(rows, 2) == text
    assert roughly(rows, 1) == rows
    assert int(text.split()[1].replace(",", "")) >= rows


def test_what_is_missing_stays_missing() -> None:
    missing = Absent(absent="the rule gave none")
    assert rounded(missing, 2) is missing
    assert roughly(missing, 2) is missing
    assert rounded(3, 2) == 3


def test_a_value_with_an_interval_of_its_own() -> None:
    assert interval_places(Interval(low=0.0, high=0.0301, level=0.95, method="x"), 0.0012, 2) == 3
    assert interval_places(Interval(low=0.0, high=0.0301, level=0.95, method="x"), 0.0012, 1) is None


def test_minus_zero_is_zero_and_infinity_no_figure() -> None:
    assert number(-0.0001, 2) == "0.00"
    with pytest.raises(ValueError, match="must be Absent"):
        number(math.inf, 2)


def test_settings_that_nobody_set_are_left_out() -> None:
    settings = {"kind": None, "margins": {}, "slices": [], "margin": 0.0, "on": False, "by": ""}
    assert [name for name, _ in setting_lines(settings, 2)] == ["by", "margin", "on"]
    assert [name for name, _ in setting_lines(settings)] == sorted(settings)
