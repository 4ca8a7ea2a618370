from __future__ import annotations

from qlora_gov.guardrails.cautions import drop_cautions, figure_lines
from qlora_gov.records import DetectorFigure


def figure(what: str, wanted: bool, flagged: int, of: int = 100, texts: str = "T", at: str = "") -> DetectorFigure:
    return DetectorFigure(what=what, wanted=wanted, flagged=flagged, of=of, texts=texts, at=at)


INVERTED = (figure("hate", True, 25, at="x"), figure("counter-speech", False, 31, at="x"))


def test_figures_are_told_by_their_texts() -> None:
    told = figure_lines([figure("NAME", True, 0, 431), *INVERTED, figure("MAIL", True, 1000, 1000)])
    assert told == (
        "of T, it finds 0 of 431 NAME (0%), 1,000 of 1,000 MAIL (100%)",
        "of T, x, it finds 25 of 100 hate (25%); it flags 31 of 100 counter-speech (31%)",
    )
    assert figure_lines(()) == ()


def test_only_dropping_what_should_stay_no_less_than_what_should_go_is_worth_a_caution() -> None:
    [line] = drop_cautions("screen", "drop", INVERTED)
    assert line == (
        "screen drops 31 of 100 counter-speech (31%) and 25 of 100 hate (25%), as measured on T, x: it would drop what "
        "should stay no less than what should go"
    )
    assert drop_cautions("screen", "redact", INVERTED) == ()
    assert drop_cautions("screen", "drop", (INVERTED[0], figure("counter-speech", False, 24, at="x"))) == ()
    assert drop_cautions("screen", "drop", (INVERTED[0], figure("counter-speech", False, 99, at="y"))) == ()
    assert drop_cautions("screen", "drop", (figure("hate", True, 0), figure("questions", False, 0))) == ()
