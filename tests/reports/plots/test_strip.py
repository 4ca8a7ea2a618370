import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlora_gov.records import Interval, Outcome
from qlora_gov.reports.plots.strip import LIMIT_AT, Strip, draw_strip

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def interval(low: float | None, high: float | None) -> Interval:
    return Interval(low=low, high=high, level=0.95, method="t")


KEPT = Strip(
    outcome=Outcome.PASS,
    limit=-0.02,
    estimate=0.01,
    interval=interval(-0.01, 0.03),
    passes_above=True,
    alike=0.0,
    bound=-0.007,
    detectable=0.025,
)


def drawn(given: Strip) -> ElementTree.Element:
    return ElementTree.fromstring(draw_strip("kept on rouge_l", given))


def places(picture: ElementTree.Element, kind: str, attribute: str = "x1") -> list[float]:
    """Where the marks of a kind stand, in percent of the width."""
    found = [element for element in picture.iter() if kind in element.get("class", "").split()]
    return [float(element.get(attribute, "nan%").removesuffix("%")) for element in found]


def estimate_at(picture: ElementTree.Element) -> float:
    holder = next(outer for outer in picture.iter("svg") for inner in outer if "estimate" in inner.get("class", ""))
    return float(holder.get("x", "nan%").removesuffix("%"))


def texts(picture: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in picture.iter("text")]


def test_the_marks_stand_in_order_of_their_values() -> None:
    picture = drawn(KEPT)
    low, high = places(picture, "interval", "x1")[0], places(picture, "interval", "x2")[0]
    limit, bound, alike = (places(picture, kind)[0] for kind in ("limit", "bound", "alike"))
    order = [limit, low, bound, alike, estimate_at(picture), high]
    assert order == sorted(order)
    assert (limit, len(set(order))) == (LIMIT_AT, 6)
    assert texts(picture) == ["-0.02", "0", "higher →"]


def test_where_lower_passes_the_passing_side_is_still_to_the_right() -> None:
    lower = Strip(
        outcome=Outcome.PASS, limit=0.03, estimate=0.01, interval=interval(0.0, 0.025), passes_above=False, bound=0.02
    )
    picture = drawn(lower)
    assert LIMIT_AT < places(picture, "bound")[0] < estimate_at(picture)
    assert "lower →" in texts(picture)


def test_what_fails_lies_to_the_left() -> None:
    failed = Strip(
        outcome=Outcome.FAIL, limit=0.05, estimate=0.3, interval=interval(0.2, 0.4), passes_above=False, bound=0.21
    )
    picture = drawn(failed)
    assert max(estimate_at(picture), *places(picture, "interval"), *places(picture, "bound")) < LIMIT_AT


def test_an_end_that_was_not_computed_is_an_arrow_to_the_edge() -> None:
    open_ended = Strip(
        outcome=Outcome.PASS, limit=0.03, estimate=0.0, interval=interval(None, 0.025), passes_above=False
    )
    assert len(places(drawn(open_ended), "arrow")) == 1
    assert len(places(drawn(KEPT), "arrow")) == 0


def test_an_unknown_side_is_not_shaded() -> None:
    assert places(drawn(KEPT), "passing", "x") == [LIMIT_AT]
    unknown = Strip(outcome=Outcome.INCONCLUSIVE, limit=0.0, estimate=0.1, interval=interval(-1, 1), passes_above=None)
    assert places(drawn(unknown), "passing", "x") == []


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_has_a_shape_of_its_own(outcome: Outcome) -> None:
    paths = {one: shape(one) for one in Outcome}
    assert [one for one, path in paths.items() if path == paths[outcome]] == [outcome]


def shape(outcome: Outcome) -> str:
    judged = Strip(outcome=outcome, limit=0.0, estimate=1.0, interval=interval(0.5, 2.0), passes_above=True)
    return next(e.get("d", "") for e in drawn(judged).iter("path") if "estimate" in e.get("class", ""))


def test_who_cannot_see_it_hears_every_number() -> None:
    picture = drawn(KEPT)
    assert picture.findtext("title") == "kept on rouge_l: PASS"
    assert picture.findtext("desc") == (
        "estimate 0.01; interval -0.01 to 0.03 (95%); the rule passes above the limit -0.02; one-sided bound that "
        "decides -0.007; no difference is 0; minimum detectable effect 0.025"
    )


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.booleans(), st.floats(0, 1e6))
def test_everything_stays_in_the_picture_on_its_own_side(
    limit: float, estimate: float, low: float, high: float, above: bool, detectable: float
) -> None:
    given_strip = Strip(
        outcome=Outcome.INCONCLUSIVE,
        limit=limit,
        estimate=estimate,
        interval=interval(min(low, high), max(low, high)),
        passes_above=above,
        detectable=detectable,
    )
    picture = drawn(given_strip)
    at = estimate_at(picture)
    assert all(0 <= place <= 100 for place in (at, *places(picture, "interval"), *places(picture, "detectable", "x2")))
    if not math.isclose(estimate, limit, abs_tol=1e-3) and abs(at - LIMIT_AT) > 0.01:
        assert (at > LIMIT_AT) == ((estimate > limit) == above)
