import math

import pytest
from pydantic import JsonValue

from qlora_gov.records import Interval
from qlora_gov.reports.rendering.figures import interval_words, number, percent, setting_lines, short_id, sparkline


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.31274836, "0.3127"),
        (0.5, "0.5"),
        (-0.02, "-0.02"),
        (-0.0, "0"),
        (9_999.4, "9999"),
        (9_999.7, "10,000"),
        (123_456.7, "123,457"),
        (0.00001234, "1.234e-05"),
        (3e20, "3e+20"),
        (18_342, "18,342"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_no_figure(value: float) -> None:
    with pytest.raises(ValueError, match="must be Absent"):
        number(value)


def test_percent_and_short_id() -> None:
    assert percent(0.395) == "39.5%"
    assert short_id("sha256:0123456789abcdef") == "0123456789ab"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-0.01, 0.02, "-0.01 to 0.02 (95%)"), (None, 0.02, "at most 0.02 (95%)"), (-0.01, None, "at least -0.01 (95%)")],
)
def test_interval_words(low: float | None, high: float | None, text: str) -> None:
    assert interval_words(Interval(low=low, high=high, level=0.95, method="t")) == text


def test_sparkline_spans_minimum_to_maximum() -> None:
    assert sparkline([8, 7, 6, 5, 4, 3, 2, 1]) == "█▇▆▅▄▃▂▁"
    assert sparkline([2, 2, 2]) == "▁▁▁"
    assert len(sparkline(range(1000))) == 48


def test_settings_are_exact_and_read_the_same_from_a_ledger() -> None:
    settings: dict[str, JsonValue] = {
        "rate": 1e-3,
        "limit": 1.0,
        "on": True,
        "kind": None,
        "targets": ["q", "v"],
        "grid": [1, 2],
    }
    settings["rules"] = {"path": "rules.yaml", "digest": "sha256:" + 8 * "01234567"}
    assert setting_lines(settings) == [
        ("grid", "[1,2]"),
        ("kind", "none"),
        ("limit", "1"),
        ("on", "true"),
        ("rate", "0.001"),
        ("rules", "rules.yaml (012345670123)"),
        ("targets", "q, v"),
    ]
