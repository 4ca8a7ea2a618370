"""The tasks of a curation, one after the other in this process: what they meet over are files all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.canonical import columns_id
from qlora_gov.errors import DataError, PluginError, UsageError
from qlora_gov.ledger.datasets import DatasetParquet
from qlora_gov.plugin.specs import Drop
from qlora_gov.records.example import Example
from qlora_gov.stages.curate.build import curate_dataset
from qlora_gov.stages.curate.course import passages_of
from qlora_gov.stages.curate.freezing import Curated, Workshop
from qlora_gov.stages.curate.spread import choose_between, gather, pass_share
from qlora_gov.stages.curate.uses import Curation, HeldOut, UsedSource, UsedStep
from qlora_gov.stages.sample import Sampler
from tests.stages.toys import Quiet, component, example


class Rows:
    """A source that counts how often it is read."""

    def __init__(self, name: str, count: int) -> None:
        self.name, self.count, self.reads = name, count, 0

    def read(self) -> Iterator[Example]:
        self.reads += 1
        kinds = ("human", "synthetic", "historical")
        for number in range(self.count):
            yield example(str(number), source=f"{self.name}:{number}", provenance=kinds[number % 3])


class Alike:
    """Of the rows that end in the same two digits, keeps the first."""

    def sketch(self, rows: Sequence[Example]) -> list[bytes]:
        return [row.question[-2:].encode() for row in rows]

    def choose(self, ids: Sequence[str], sketches: Sequence[bytes]) -> dict[int, Drop]:
        first: dict[bytes, int] = {}
        kept = [(place, first.setdefault(sketch, place)) for place, sketch in enumerate(sketches)]
        return {place: Drop("alike", 0.5, ids[stays]) for place, stays in kept if stays != place}


class Held:
    """Drops what is held out; fails at one row until it is mended."""

    def __init__(self, fails_at: str | None = None) -> None:
        self.fails_at, self.seen = fails_at, 0
        self.held: frozenset[str] = frozenset()

    def keep_clear_of(self, held_out: Sequence[Example]) -> None:
        self.held = frozenset(row.question for row in held_out)

    def apply(self, rows: Sequence[Example]) -> list[Example | Drop]:
        self.seen += len(rows)
        if any(row.question == self.fails_at for row in rows):
            raise ValueError(f"{rows[0].source} and those after it")
        return [Drop("held out") if row.question in self.held else row for row in rows]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("course", "spread"):
        monkeypatch.setattr(f"qlora_gov.stages.curate.{module}.BATCH", 20)


def curation(*sources: Rows, held: Held | None = None) -> Curation:
    return Curation(
        "training",
        [UsedSource(source, component(source.name), "MIT") for source in sources],
        [
            UsedStep(held or Held(), component("held"), decontaminates=True),
            UsedStep(Alike(), component("alike"), judges_set=True),
        ],
        HeldOut("sha256:9", [example("13"), example("30")]),
        Sampler({"human": 0.3, "synthetic": 0.4, "historical": 0.3}, (), 7),
    )


def shop_in(path: Path) -> Workshop:
    path.mkdir(parents=True, exist_ok=True)
    return Workshop(DatasetParquet(), path, Quiet())


def spread(plan: Curation, room: Path, tasks: int) -> Curated:
    """Each stage's tasks, the last one first."""
    shop = shop_in(room)
    for number, (_, chooser) in enumerate(passages_of(plan, shop.files)):
        for rank in reversed(range(tasks)):
            pass_share(plan, number, shop, rank, tasks)
        if chooser is not None:
            choose_between(plan, number, shop)
    return gather(plan, shop_in(room / "last"), room)


def digests(made: Curated) -> dict[str, str]:
    return {name: columns_id(table) for name, table in made.tables.items()}


def test_any_number_of_tasks_makes_the_record_of_one_machine(tmp_path: Path) -> None:
    """Rows of both sources say the same: which of them stays is decided by where they stand."""
    alone = curate_dataset(curation(Rows("a", 100), Rows("b", 40)), shop_in(tmp_path / "alone"))
    assert [report.dropped for report in alone.version.steps] == [{"held out": 4}, {"alike": 38}]
    assert alone.version.mixing is not None
    for tasks in (1, 3, 12):
        made = spread(curation(Rows("a", 100), Rows("b", 40)), tmp_path / str(tasks), tasks)
        assert made.version == alone.version
        assert made.version.id == alone.version.id
        assert digests(made) == digests(alone)


def test_each_task_reads_sources_of_its_own_where_there_are_enough(tmp_path: Path) -> None:
    enough, few = [Rows(name, 20) for name in "abc"], [Rows(name, 20) for name in "abc"]
    made = spread(curation(*enough), tmp_path / "enough", 3), spread(curation(*few), tmp_path / "few", 4)
    assert [source.reads for source in enough] == [1, 1, 1]
    assert [source.reads for source in few] == [4, 4, 4]
    assert made[0].version == made[1].version


def test_a_task_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    held = Held(fails_at="23")
    plan = curation(Rows("a", 60), held=held)
    shop = shop_in(tmp_path / "room")
    with pytest.raises(PluginError, match=r"^toys/held raised ValueError: a:20 and those after it"):
        pass_share(plan, 0, shop, 0, 1)
    held.fails_at, held.seen = None, 0
    pass_share(plan, 0, shop, 0, 1)
    assert held.seen == 40  # the first batch had been passed on
    held.seen = 0
    assert spread(plan, tmp_path / "room", 2).version == spread(curation(Rows("a", 60)), tmp_path / "new", 2).version
    assert held.seen == 0


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_a_task_has_not_done_is_missed(number: int, tmp_path: Path) -> None:
    plan, shop = curation(Rows("a", 60)), shop_in(tmp_path)
    for before in range(number):
        pass_share(plan, before, shop, 0, 1)
        choose_between(plan, before, shop)
    pass_share(plan, number, shop, 0, 2)
    with pytest.raises(UsageError, match=r"\.passed is not there: a task of an earlier stage has not ended"):
        gather(plan, shop, tmp_path) if number == 2 else choose_between(plan, number, shop)


def test_where_no_row_is_left_it_is_told_where_they_went(tmp_path: Path) -> None:
    rows = Rows("a", 20)
    plan = Curation("training", [UsedSource(rows, component("a"))], [UsedStep(NoneStays(), component("none"))])
    with pytest.raises(DataError, match=r"^no training data is left: 20 rows read; toys/none dropped 20 \(unwanted\)$"):
        spread(plan, tmp_path, 2)


class NoneStays:
    def apply(self, rows: Sequence[Any]) -> list[Drop]:
        return [Drop("unwanted") for _ in rows]
