"""The rows that a metric says it does not read: asked of it row by row, and told in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy

from qlora_gov.errors import PluginError
from qlora_gov.plugin.calls import ForeignError, plugin_code
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.specs import Bools, SelectiveMetric, Unread
from qlora_gov.records.example import Example
from qlora_gov.text import one_line


def unread_rows(measure: Measure, examples: Sequence[Example]) -> dict[int, Unread]:
    """Of each row that the metric does not read, by its number, what keeps it from that.

    Raises PluginError where the metric fails, or answers with something else.
    """
    if not isinstance(measure.metric, SelectiveMetric):
        return {}
    found, name = {}, measure.component.name
    for row, example in enumerate(examples):
        try:
            with plugin_code(name):
                said = measure.metric.unread(_lent(example))
        except ForeignError as error:
            raise PluginError(f"{name}: unread raised {error}, for {one_line(example.source)}") from error
        if isinstance(said, Unread):
            found[row] = said
        elif said is not None:
            raise PluginError(f"{name}: unread returned a {type(said).__name__}, not an Unread or None")
    return found


def _lent(example: Example) -> Example:
    """The example with extras of its own: they are all of it that could be changed."""
    return example.model_copy(update={"extra": deepcopy(dict(example.extra))}) if example.extra else example


def unread_line(name: str, found: Mapping[int, Unread], examples: Sequence[Example], of: int) -> str:
    """How many of ``of`` rows the metric of that name does not read, the first of them, and what would read it."""
    first = min(found)
    where = f"first: {examples[first].source}, {found[first].what}"
    what = f"{len(found):,} of {of:,} rows hold text that {name} does not read ({where})"
    return one_line(f"{what}; {found[first].remedy}")


class UnreadAmong:
    """Tells which of some examples a metric does not read. It is asked once, however many rules judge by it."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = examples
        self._found: dict[str, Mapping[int, Unread] | PluginError] = {}

    def __call__(self, measure: Measure, rows: Bools) -> str | None:
        """The line on those of some rows, by their mask ``[n]``, that are not read; or how the metric failed to say."""
        name = measure.traits.name
        if name not in self._found:
            self._found[name] = self._ask(measure)
        if isinstance(found := self._found[name], PluginError):
            return str(found)
        found = {row: why for row, why in found.items() if rows[row]}
        return unread_line(name, found, self.examples, int(rows.sum())) if found else None

    def _ask(self, measure: Measure) -> Mapping[int, Unread] | PluginError:
        try:
            return unread_rows(measure, self.examples)
        except PluginError as error:
            return error
