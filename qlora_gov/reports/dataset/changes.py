"""What changed from one dataset version to the next: its size, sources, steps, drops and mix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from qlora_gov.records import Component, DatasetVersion, SourceUse
from qlora_gov.reports.dataset.context import Changed, DataChanges, changed
from qlora_gov.reports.dataset.rows import RowChanges
from qlora_gov.reports.rendering.figures import number, percent, setting_lines
from qlora_gov.reports.rendering.project_files import files_named


def data_changes(before: DatasetVersion | None, after: DatasetVersion, rows: RowChanges | None = None) -> DataChanges:
    """The changes of a dataset version against the one before it, or against nothing; ``rows`` if they are known."""
    return DataChanges(
        before=None if before is None else before.id,
        after=after.id,
        size=changed(_size(before), _size(after)),
        sources=changed(_sources(before), _sources(after)),
        steps=changed(_steps(before), _steps(after)),
        rows=rows,
        drops=changed(_drops(before), _drops(after)),
        alterations=changed(_alterations(before), _alterations(after)),
        mix=_mix_changes(before, after),
    )


def _size(dataset: DatasetVersion | None) -> dict[str, str]:
    if dataset is None:
        return {}
    pairs = {"pairs": number(dataset.pairs)} if dataset.pairs else {}
    return {"rows": number(dataset.rows), "groups": number(dataset.groups), **pairs}


def _sources(dataset: DatasetVersion | None) -> dict[str, str]:
    """Each source by where it reads from, so that another content of the same file is a change of one source."""
    sources = () if dataset is None else dataset.sources
    return _numbered((_place(source.component), _described(source)) for source in sources)


def _place(component: Component) -> str:
    files = files_named(component.settings)
    return " ".join((component.name, *(files or _settings(component))))


def _described(source: SourceUse) -> str:
    licence = "no licence stated" if source.licence is None else f"licence {source.licence}"
    made = f"{source.component.distribution} {source.component.version}"
    return ", ".join((f"{number(source.rows)} rows", licence, *_settings(source.component), made))


def _steps(dataset: DatasetVersion | None) -> dict[str, str]:
    steps = () if dataset is None else dataset.steps
    return _numbered(
        (step.component.name, ", ".join((f"step {place}", step.action, *_settings(step.component))))
        for place, step in enumerate(steps, 1)
    )


def _drops(dataset: DatasetVersion | None) -> dict[str, str]:
    steps = () if dataset is None else dataset.steps
    return _reasons((step.component.name, step.dropped) for step in steps)


def _alterations(dataset: DatasetVersion | None) -> dict[str, str]:
    steps = () if dataset is None else dataset.steps
    return _reasons((step.component.name, step.altered) for step in steps)


def _reasons(steps: Iterable[tuple[str, Mapping[str, int]]]) -> dict[str, str]:
    counts: Counter[str] = Counter()
    for name, reasons in steps:
        counts.update({f"{name}: {reason}": rows for reason, rows in reasons.items()})
    return {name: number(rows) for name, rows in counts.items()}


def _mix_changes(before: DatasetVersion | None, after: DatasetVersion) -> tuple[Changed, ...]:
    """Shares that are printed differently; the greatest shift first."""
    old, new = dict(_shares(before)), dict(_shares(after))
    changes = changed({name: percent(share) for name, share in old.items()}, {k: percent(v) for k, v in new.items()})
    return tuple(sorted(changes, key=lambda one: -abs(new.get(one.name, 0.0) - old.get(one.name, 0.0))))


def _shares(dataset: DatasetVersion | None) -> Iterator[tuple[str, float]]:
    if dataset is not None:
        for name, counts in dataset.mix.items():
            yield from ((f"{name}: {value}", rows / max(dataset.rows, 1)) for value, rows in counts.items())


def _settings(component: Component) -> Iterator[str]:
    return (f"{name} {text}" for name, text in setting_lines(component.settings))


def _numbered(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Pairs as a mapping, the second of a name as ``name (2)``."""
    seen: Counter[str] = Counter()
    named = {}
    for name, text in pairs:
        seen[name] += 1
        named[name if seen[name] == 1 else f"{name} ({seen[name]})"] = text
    return named
