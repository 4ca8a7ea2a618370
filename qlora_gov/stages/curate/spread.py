"""The same curation by tasks of many machines, which meet in a directory.

The tasks of a passage share its batches, one task chooses between two passages, and one gathers what the last has left.
What they hand on lies in files, each whole or not there: a task that is run again goes on where it was stopped. Batches
are numbered as on one machine, and so the version is the same whichever task did which.
"""

from __future__ import annotations

import pickle
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from qlora_gov.errors import UsageError
from qlora_gov.stages.curate.account import Account, conclude
from qlora_gov.stages.curate.course import (
    BATCH,
    Course,
    chosen,
    left_batches,
    passages_of,
    read_batches,
    show_held_out,
)
from qlora_gov.stages.curate.freezing import Curated, Workshop
from qlora_gov.stages.curate.passing import Batch, Passed, passed
from qlora_gov.stages.curate.sketches import SketchFile
from qlora_gov.stages.curate.uses import Curation

_PASSED, _WAITING, _ROWS = ".passed", ".batch", ".rows"
"""Files beside those of rows: what became of a batch, a batch of the next passage, and how many rows a source gave."""


def pass_share(curation: Curation, number: int, shop: Workshop, rank: int, tasks: int) -> None:
    """Pass one task's share of the batches through a passage. Raises as :func:`passed` does."""
    passage, _ = passages_of(curation, shop.files)[number]
    show_held_out(curation)
    batches = _waiting(shop.work, number, rank, tasks) if number else _read(curation, shop, rank, tasks)
    for batch in batches:
        result = batch.target.with_suffix(_PASSED)
        if not result.exists():
            store(result, passed(batch, passage))


def choose_between(curation: Curation, number: int, shop: Workshop) -> None:
    """Let the step that ends a passage choose among all of its rows, and lay out the batches of the next passage."""
    _, chooser = passages_of(curation, shop.files)[number]
    assert chooser is not None, "every passage but the last ends in such a step"
    course, sketched = Course(), shop.work / f"sketches-{number}"
    with closing(SketchFile(sketched)) as sketches:
        for done in _done(curation, number, shop.work):
            course.add(done)
            sketches.write(done.sketches)
        drops = chosen(chooser.step, course, sketches)
    for batch in left_batches(course, drops, chooser, _directory(shop.work, number + 1)):
        store(batch.target.with_suffix(_WAITING), batch)
    if curation.mixer is not None and chooser.step.step is curation.mixer:
        store(shop.work / "mixing", curation.mixer.mixing)
    sketched.unlink()
    if number:  # what the passage read is in what it has left
        for spent in _directory(shop.work, number - 1).glob("*.parquet"):
            spent.unlink()


def gather(curation: Curation, shop: Workshop, shared: Path) -> Curated:
    """What the tasks have left in the ``shared`` directory, as the version that it would be on one machine."""
    course, account = Course(), Account(read=_rows(curation, shared))
    for number in range(len(passages_of(curation, shop.files))):
        course = Course()
        for done in _done(curation, number, shared):
            course.add(done)
            account.add(done)
    if curation.mixer is not None:
        account.mixing = load(shared / "mixing")
    return conclude(curation, course, account, shop)


def store(path: Path, value: object) -> None:
    """Write what another task will :func:`load`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as draft:
        pickle.dump(value, draft, pickle.HIGHEST_PROTOCOL)
    Path(draft.name).replace(path)


def load(path: Path) -> Any:
    """What a task has stored. Raises UsageError where it has not."""
    if not path.exists():
        raise UsageError(f"{path} is not there: a task of an earlier stage has not ended; run the pipeline again")
    return pickle.loads(path.read_bytes())  # noqa: S301 - what a task of the same person has written


def _directory(shared: Path, number: int) -> Path:
    return shared / f"passage-{number}"


def _read(curation: Curation, shop: Workshop, rank: int, tasks: int) -> Iterator[Batch]:
    """A task's share of what the sources yield: sources of its own, or, of fewer than there are tasks, some batches."""
    sources, read = list(enumerate(curation.sources)), Counter[int]()
    each_its_own = len(sources) >= tasks
    mine = sources[rank::tasks] if each_its_own else sources
    for at, batch in enumerate(read_batches(mine, _directory(shop.work, 0), read, shop.progress)):
        if each_its_own or at % tasks == rank:
            yield batch
    for number, _ in mine:
        store(_directory(shop.work, 0) / f"{number:06}{_ROWS}", read[number])


def _waiting(shared: Path, number: int, rank: int, tasks: int) -> Iterator[Batch]:
    for path in sorted(_directory(shared, number).glob(f"*{_WAITING}"))[rank::tasks]:
        yield load(path)


def _rows(curation: Curation, shared: Path) -> Counter[int]:
    """How many rows each source gave."""
    directory = _directory(shared, 0)
    return Counter({number: load(directory / f"{number:06}{_ROWS}") for number in range(len(curation.sources))})


def _done(curation: Curation, number: int, shared: Path) -> Iterator[Passed]:
    """What became of the batches of a passage, in their order. Raises UsageError where one is missing."""
    directory = _directory(shared, number)
    if number:
        batches = sorted(path.stem for path in directory.glob(f"*{_WAITING}"))
    else:
        rows = _rows(curation, shared).items()
        batches = [f"{source:06}-{at:08}" for source, read in sorted(rows) for at in range(-(-read // BATCH))]
    for name in batches:
        yield load(directory / f"{name}{_PASSED}")
