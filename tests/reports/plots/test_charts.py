from xml.etree import ElementTree

import pytest

from qlora_gov.records import LossPoint
from qlora_gov.reports.plots.charts import MOST_POINTS, loss_curve, share_bar


def curve(*losses: float) -> ElementTree.Element:
    return ElementTree.fromstring(loss_curve([LossPoint(step=10 * at, loss=loss) for at, loss in enumerate(losses, 1)]))


def points(picture: ElementTree.Element) -> list[tuple[float, float]]:
    """The curve's points, from its upper left, in thousandths of its width and height."""
    line = next(picture.iter("polyline"))
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.get("points", "").split())]


def test_the_curve_spans_its_axes() -> None:
    picture = curve(3.0, 1.0, 2.0)
    assert points(picture) == [(0, 0), (500, 1000), (1000, 500)]
    assert [text.text for text in picture.iter("text")] == ["3", "1", "loss", "10", "optimiser step", "30"]
    assert picture.findtext("desc") == "from 3 at step 10 to 2 at step 30, between 1 and 3"


def test_a_long_curve_is_thinned_and_stays_within_its_axes() -> None:
    drawn = points(curve(*(1 / step for step in range(1, 5_001))))
    assert len(drawn) == MOST_POINTS
    assert drawn == sorted(drawn)
    assert all(0 <= x <= 1000 and 0 <= y <= 1000 for x, y in drawn)


@pytest.mark.parametrize("losses", [(2.0,), (2.0, 2.0)])
def test_a_flat_curve_is_still_one(losses: tuple[float, ...]) -> None:
    assert {y for _, y in points(curve(*losses))} == {1000}


def test_no_points_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        loss_curve([])


def test_a_bar_is_as_long_as_its_share_and_marks_the_target() -> None:
    bar = ElementTree.fromstring(share_bar("human <b>", 0.279, 0.3))
    assert bar.findtext("title") == "human <b>: 27.9%, target 30.0%"
    assert [rect.get("width") for rect in bar.iter("rect")] == ["100%", "27.9%"]
    assert [tick.get("x1") for tick in bar.iter("line")] == ["30%"]


def test_a_bar_without_a_target() -> None:
    bar = ElementTree.fromstring(share_bar("en", 1.0))
    assert bar.findtext("title") == "en: 100.0%"
    assert list(bar.iter("line")) == []
