"""The plot of a sweep is a file of its own that shows every trial three times."""

from __future__ import annotations

from xml.etree import ElementTree

from qlora_gov.reports.plots.trials import TrialMark, draw_trials

SVG = "{http://www.w3.org/2000/svg}"


def marks(seconds: float | None = 60.0) -> list[TrialMark]:
    return [
        TrialMark("32", 0.5, 0.4, 0.6, 1_000, seconds, best=False),
        TrialMark("<64>", 0.75, 0.5, None, 2_000, None if seconds is None else 2 * seconds, best=True),
    ]


def drawn(*given: TrialMark) -> ElementTree.Element:
    return ElementTree.fromstring(draw_trials("rank", "accuracy", given))


def test_every_trial_is_in_each_panel() -> None:
    picture = drawn(*marks())
    paths = [path.get("class") for path in picture.iter(f"{SVG}path")]
    assert paths == ["trial", "trial best"] * 3
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert {"accuracy", "rank", "bytes of the adapter", "seconds of training", "32", "<64>", "1000"} <= set(texts)
    assert picture.find(f"{SVG}svg/{SVG}desc").text == "rank 32: 0.5; rank <64>: 0.75 (best)"  # type: ignore[union-attr]


def test_a_time_that_nobody_knows_is_not_drawn() -> None:
    assert len(list(drawn(*marks(None)).iter(f"{SVG}path"))) == 4


def test_what_was_not_measured_leaves_empty_panels() -> None:
    picture = drawn()
    assert not list(picture.iter(f"{SVG}path"))
    assert picture.find(f"{SVG}svg/{SVG}desc").text == "no trial was measured"  # type: ignore[union-attr]


def test_an_end_that_was_not_computed_reaches_the_edge() -> None:
    lines = [one for one in drawn(*marks()).iter(f"{SVG}line") if one.get("class") == "interval"]
    assert {one.get("y2") for one in lines[1::2]} == {"20"}
