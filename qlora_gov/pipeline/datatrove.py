"""The curation as stages of datatrove, whose executors run their tasks on one machine, with Slurm or with Ray."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from datatrove.utils.logging import logger

from qlora_gov import __version__
from qlora_gov.canonical import content_id, short_id
from qlora_gov.errors import ProjectError
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.ledger.datasets import DatasetParquet
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.pipeline.datasets import curating
from qlora_gov.pipeline.recorder import Recorder
from qlora_gov.project.binding import TrainingSetup, bind_project
from qlora_gov.project.workspace import Workspace, open_project
from qlora_gov.records import DatasetVersion
from qlora_gov.stages.curate.course import passages_of
from qlora_gov.stages.curate.freezing import Workshop
from qlora_gov.stages.curate.spread import choose_between, gather, load, pass_share, store
from qlora_gov.stages.curate.uses import Curation, HeldOut

_HELD_OUT = "held-out"
"""The file of the held-out rows, which the first stage leaves for the others."""


class TaskLog:
    """Progress in the log of a datatrove task."""

    def begin(self, label: str, total: int) -> None:
        """Say what is begun."""
        logger.info(label)

    def advance(self, units: int = 1, note: str = "") -> None:
        """Say how far it has come, where there is a word for it."""
        if note:
            logger.debug(note)

    def tell(self, line: str) -> None:
        """Say it."""
        logger.info(line)


@dataclass(frozen=True)
class Room:
    """A project, and the directory in which the tasks that curate its data meet.

    ``key`` is the digest of all that decides what they make: where it differs, they meet in another directory.
    """

    file: Path
    plugins_dirs: tuple[Path, ...]
    shared: Path
    key: str

    @property
    def path(self) -> Path:
        """The directory."""
        return self.shared / short_id(self.key, 16)

    @property
    def work(self) -> Path:
        """What tasks hand on; it is gone when the last stage has ended."""
        return self.path / "work"

    @property
    def ended(self) -> Path:
        """A file that says that the last stage has ended."""
        return self.path / "ended"


@dataclass(frozen=True)
class Task:
    """What a task of a stage works with."""

    room: Room
    space: Workspace
    setup: TrainingSetup
    rank: int
    tasks: int

    @property
    def shop(self) -> Workshop:
        """Where all tasks meet."""
        return Workshop(DatasetParquet(), self.room.work, self.space.progress)

    @property
    def curation(self) -> Curation:
        """What the training set is curated from and by, with the held-out rows of the first stage."""
        return self.setup.training_data.curation("training", load(self.room.work / _HELD_OUT))


@dataclass(frozen=True)
class Stage:
    """A stage of the curation, as a step of a datatrove pipeline, which takes and gives no documents.

    It begins when all ``tasks`` of the one before have ended. ``logs`` is for datatrove's own: which tasks have ended.
    """

    name: str
    tasks: int
    room: Room
    work: Callable[[Task], None] = field(repr=False)

    @property
    def logs(self) -> str:
        """A directory that is another one for another number of tasks, since these share the work otherwise."""
        return str(self.room.path / "logs" / f"{self.name}-of-{self.tasks}")

    def __call__(self, data: object = None, rank: int = 0, world_size: int = 1) -> None:
        """Do one task. Raises ProjectError where the project is no longer what it was when the pipeline was started."""
        space, setup, key = _opened(self.room.file, self.room.plugins_dirs)
        if key != self.room.key:
            raise ProjectError(f"{self.room.file}: it or its data has changed meanwhile; start the pipeline anew")
        self.work(Task(self.room, space, setup, rank, world_size))


def stages_of(project: Path, shared: Path, tasks: int, plugins_dirs: Sequence[Path] = ()) -> list[Stage]:
    """The stages of a project's curation, in their order, or none where its versions are on record.

    In some of them many ``tasks`` pass rows through steps, single ones come between. Every task sees the project, and
    the ``shared`` directory, under these paths.

    Raises ProjectError or PluginError for a project that cannot be curated here.
    """
    file, directories = project.resolve(), tuple(directory.resolve() for directory in plugins_dirs)
    space, setup, key = _opened(file, directories)
    setup.evaluation_data.require()
    setup.training_data.require()
    if _on_record(space, setup):
        return []
    room = Room(file, directories, shared.resolve(), key)
    if room.ended.exists():  # what was recorded then is lost, and so are the files that it was made of
        shutil.rmtree(room.path)
    curation = setup.training_data.curation("training", None)
    works: list[tuple[str, int, Callable[[Task], None]]] = [("evaluation", 1, _freeze_evaluation)]
    for number, (_, chooser) in enumerate(passages_of(curation, DatasetParquet())):
        works.append((f"passage-{number}", tasks, partial(_pass, number)))
        if chooser is not None:
            works.append((f"choice-{number}", 1, partial(_choose, number)))
    works.append(("training", 1, _freeze_training))
    return [Stage(f"{at:02}-{name}", count, room, work) for at, (name, count, work) in enumerate(works)]


def _opened(file: Path, plugins_dirs: Sequence[Path]) -> tuple[Workspace, TrainingSetup, str]:
    """A project, what it curates from and by, and the digest of all that decides what comes of it."""
    space = open_project(file, plugins_dirs, TaskLog(), notice=logger.warning)
    setup = bind_project(space.project, space.catalog, space.root).trains()
    evaluation = curating(space, "evaluation", setup.evaluation_data, None).key
    key = content_id({"version": __version__, "evaluation": evaluation, "training": setup.training_data.key})
    return space, setup, key


def _on_record(space: Workspace, setup: TrainingSetup) -> bool:
    evaluation, recorder = curating(space, "evaluation", setup.evaluation_data, None), Recorder(space)
    found = evaluation.find(space.ledger)
    if found is None:
        return False
    return recorder.has(curating(space, "training", setup.training_data, held(found, DatasetVersion)))


def _freeze_evaluation(task: Task) -> None:
    step = curating(task.space, "evaluation", task.setup.evaluation_data, None)
    version = Recorder(task.space).done(step)
    store(task.room.work / _HELD_OUT, HeldOut(version.id, evaluation_rows(task.space.ledger, version.id)))
    _tell(version)


def _pass(number: int, task: Task) -> None:
    pass_share(task.curation, number, task.shop, task.rank, task.tasks)


def _choose(number: int, task: Task) -> None:
    choose_between(task.curation, number, task.shop)


def _freeze_training(task: Task) -> None:
    held_out = fetch(task.space.ledger, load(task.room.work / _HELD_OUT).id, DatasetVersion)
    step = curating(task.space, "training", task.setup.training_data, held_out, partial(gather, shared=task.room.work))
    version = Recorder(task.space).done(step)
    task.room.ended.touch()
    shutil.rmtree(task.room.work)
    _tell(version)


def _tell(version: DatasetVersion) -> None:
    logger.success(f"{version.role} data: {version.rows:,} rows, {version.digest}")
