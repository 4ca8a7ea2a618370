"""The report of a sweep as Markdown, and its plot as a file of its own."""

from __future__ import annotations

from pathlib import Path

from qlora_gov.records import Absent, Interval
from qlora_gov.reports.card.markdown import card_environment
from qlora_gov.reports.plots.trials import TrialMark, draw_trials
from qlora_gov.reports.rendering.templates import from_template
from qlora_gov.reports.sweep.context import SweepReport

TEMPLATE = "sweep.md.jinja"


def sweep_files(report: SweepReport, templates: Path | None = None) -> dict[str, str]:
    """The texts of the files by their names; templates and errors are those of :func:`from_template`."""
    values = {name: getattr(report, name) for name in SweepReport.model_fields}
    rendered = from_template(TEMPLATE, card_environment, values, templates)
    return {"sweep.md": rendered.text, "sweep.svg": str(draw_trials(report.field, report.metric, _marks(report)))}


def _marks(report: SweepReport) -> list[TrialMark]:
    """What is drawn: every trial that was measured."""
    return [
        TrialMark(
            name=one.value,
            measured=one.measured,
            low=one.interval.low if isinstance(one.interval, Interval) else one.measured,
            high=one.interval.high if isinstance(one.interval, Interval) else one.measured,
            size=one.size,
            seconds=None if isinstance(one.seconds, Absent) else one.seconds,
            best=one.best,
        )
        for one in report.trials
        if not isinstance(one.measured, Absent)
    ]
