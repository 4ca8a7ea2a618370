"""The rows that a metric says it does not read: asked of it row by row, and told in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qlora_gov.errors import GovError, PluginError
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.specs import SelectiveMetric, Unread
from qlora_gov.records.example import Example
from qlora_gov.text import one_line


def unread_rows(measure: Measure, examples: Sequence[Example]) -> dict[int, Unread]:
    """Of each row that the metric does not read, by its number, what keeps it from that.

    Raises PluginError where the metric fails, or answers with something else.
    """
    if not isinstance(measure.metric, SelectiveMetric):
        return {}
    found = {}
    for row, example in enumerate(examples):
        try:
            said = measure.metric.unread(example)
        except GovError:
            raise
        except Exception as error:
            raise PluginError(f"{_name(measure)}: unread raised {_told(error)} on {example.source}") from error
        if isinstance(said, Unread):
            found[row] = said
        elif said is not None:
            raise PluginError(f"{_name(measure)}: unread returned a {type(said).__name__}, not an Unread or None")
    return found


def unread_line(name: str, found: Mapping[int, Unread], examples: Sequence[Example], of: int) -> str:
    """How many of ``of`` rows the metric of that name does not read, the first of them, and what would read it."""
    first = min(found)
    where = f"first: {examples[first].source}, {found[first].what}"
    what = f"{len(found):,} of {of:,} rows hold text that {name} does not read ({where})"
    return one_line(f"{what}; {found[first].remedy}")


def _name(measure: Measure) -> str:
    return measure.component.name


def _told(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}")
