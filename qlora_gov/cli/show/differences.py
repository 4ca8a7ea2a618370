"""How two dataset versions differ: which rows, why, and what became of all that was read for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from qlora_gov.canonical import short_id
from qlora_gov.cli.show.datasets import print_table
from qlora_gov.records import DatasetVersion
from qlora_gov.reports.dataset.changes import data_changes
from qlora_gov.reports.dataset.rows import RowChange
from qlora_gov.reports.rendering.figures import number, percent

_NONE = "-"


@dataclass(frozen=True)
class Side:
    """One of two versions: its record, when it was built, and what its steps did.

    ``treated`` says of rows, by the id that they had, which step dropped or changed them; ``once`` gives rows that were
    changed the id that they had.
    """

    version: DatasetVersion
    built: str
    treated: Mapping[str, str]
    once: Mapping[str, str]


def show_diff(before: Side, after: Side, rows: Sequence[RowChange], *, each: bool) -> None:
    """Print what one version has that another has not, from where and why, and what of their making differs.

    With ``each``, every row is named by its file and line, of a row that was changed also the one that stood there. A
    row's text is never shown.
    """
    console = Console(soft_wrap=True)
    for when, side in (("before", before), ("after", after)):
        what = f"{side.version.role} version {short_id(side.version.digest)}, recorded {side.built}"
        console.print(Text(f"{when:<7}{what}: {number(side.version.rows)} rows"))
    counts = Counter(row.did for row in rows)
    same = after.version.rows - counts["added"] - counts["changed"]
    told = ", ".join(f"{number(counts[did])} {did}" for did in ("added", "removed", "changed"))
    console.print(Text(f"{number(same)} rows are the same in both; {told}"))
    reasons = Counter((row.did, row.provenance, row.file, _why(row, before, after)) for row in rows)
    print_table(
        console,
        ("rows", "how many", "provenance", "from", "why"),
        ((did, number(count), kind, file, why) for (did, kind, file, why), count in _by_count(reasons)),
    )
    if each:
        for row in rows:
            place = f"{row.file}:{row.line}" if row.line else row.file
            was = f"; was line {row.was[1]}, row {short_id(row.was[0])}" if row.was else ""
            console.print(Text(f"{row.did} {place} ({row.provenance}, row {short_id(row.id)}{was})"))
    print_table(console, ("what became of all rows", "before", "after"), _flow(before.version, after.version))
    print_table(console, ("label", "value", "before", "after"), _mix(before.version, after.version))
    print_table(console, ("what", "before", "after"), _making(before.version, after.version))
    console.print(Text("Rows that were dropped, one by one: qlora-gov data drops VERSION."))
    console.print(
        Text("What is not listed is the same in both: files, settings, steps, and how many rows have a label.")
    )


def _why(row: RowChange, before: Side, after: Side) -> str:
    """What a row's coming or going is owed to: a step, or what was read."""
    if row.did == "changed":
        return "another text in the same place"
    here, there, then = (after, before, "before") if row.did == "added" else (before, after, "after")
    if did := there.treated.get(here.once.get(row.id, row.id)):
        return f"{then}, {did}"
    if row.id in here.once:
        return f"not read {then}, or read and left as it was"
    return f"not read {then}"


def _by_count(reasons: Counter[tuple[str, str, str, str]]) -> list[tuple[tuple[str, str, str, str], int]]:
    return sorted(reasons.items(), key=lambda item: (item[0][0], -item[1], item[0]))


def _flow(before: DatasetVersion, after: DatasetVersion) -> Iterator[tuple[str, str, str]]:
    """From the rows that were read to those that are left: every step, whether it differs or not."""
    for old, new in zip(_counted(before), _counted(after), strict=True):
        for name in dict.fromkeys([*old, *new]):
            was, is_ = (number(counts[name]) if name in counts else _NONE for counts in (old, new))
            yield name, was, is_


def _counted(version: DatasetVersion) -> tuple[dict[str, int], ...]:
    """Rows that were read, those that each step dropped, those that are left, and those of them that it changed."""
    dropped: dict[str, int] = {}
    changed: dict[str, int] = {}
    read = sum(source.rows for source in version.sources)
    for step in version.steps:
        name = step.component.name
        dropped |= {f"dropped by {name}: {reason}": rows for reason, rows in step.dropped.items()}
        changed |= {f"left, but changed by {name}: {reason}": rows for reason, rows in step.altered.items()}
    if version.mixing is not None:
        dropped["left out by the mix"] = read - sum(dropped.values()) - version.rows
    return {"read": read}, dropped, {"left": version.rows}, changed


def _mix(before: DatasetVersion, after: DatasetVersion) -> Iterator[tuple[str, str, str, str]]:
    """The values of labels whose rows are more or fewer, the greatest shift of each label first."""
    for label in dict.fromkeys([*before.mix, *after.mix]):
        old, new = before.mix.get(label, {}), after.mix.get(label, {})
        values = [value for value in {*old, *new} if old.get(value, 0) != new.get(value, 0)]
        for value in sorted(values, key=lambda one: (-abs(new.get(one, 0) - old.get(one, 0)), one)):
            yield label, value, _share(old, value, before.rows), _share(new, value, after.rows)


def _share(counts: Mapping[str, int], value: str, of: int) -> str:
    rows = counts.get(value, 0)
    return f"{number(rows)} ({percent(rows / max(of, 1))})"


def _making(before: DatasetVersion, after: DatasetVersion) -> Iterator[tuple[str, str, str]]:
    """What of the sources and steps differs, and nothing of them that does not."""
    made = data_changes(before, after)
    for what, ones in (("source", made.sources), ("step", made.steps)):
        for one in ones:
            parts = [(text or "not there").split(", ") for text in (one.before, one.after)]
            old, new = (", ".join(part for part in ones if part not in others) for ones, others in (parts, parts[::-1]))
            yield f"{what} {one.name}", old, new
    if before.held_out != after.held_out:
        old, new = (short_id(one.held_out) if one.held_out else "nothing" for one in (before, after))
        yield "kept clear of", old, new
