"""Where a project keeps what it makes, beside its project file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from qlora_gov.canonical import short_id
from qlora_gov.ledger import SCHEME, Ledger
from qlora_gov.ledger.files import adapter_directory, card_directory, dataset_file
from qlora_gov.plugin.catalog import Catalog
from qlora_gov.plugin.fetching import STATE_DIRECTORY
from qlora_gov.plugin.host import load_catalog
from qlora_gov.plugin.specs import Progress
from qlora_gov.project.file import LEDGER_FILE, PROJECT_FILE, load_project
from qlora_gov.project.schema import Project


@dataclass(frozen=True)
class Workspace:
    """A project with its root directory, components and ledger; ``notice`` tells the user a line at once.

    ``processes`` is how many curate data at most; None: as many as there are processors.
    """

    project: Project
    root: Path
    catalog: Catalog
    ledger: Ledger
    progress: Progress
    file: str = PROJECT_FILE
    notice: Callable[[str], None] = lambda line: None
    processes: int | None = None

    @property
    def state(self) -> Path:
        """Everything that is made: the ledger, and artefacts under the start of their digest."""
        return self.root / STATE_DIRECTORY

    @property
    def shares_ledger(self) -> bool:
        """Whether the ledger lies elsewhere, so that other machines may write to it."""
        location = str(self.ledger.location)
        return location.startswith(SCHEME) or not Path(location).resolve().is_relative_to(self.state.resolve())

    @property
    def templates(self) -> Path | None:
        """The project's own templates, which stand before the installed ones."""
        return None if self.project.templates is None else self.root / self.project.templates

    def adapter(self, digest: str) -> Path:
        """The directory of an adapter's files."""
        return adapter_directory(self.state, digest)

    def dataset(self, digest: str) -> Path:
        """The Parquet file of a dataset version."""
        return dataset_file(self.state, digest)

    def card(self, card: str) -> Path:
        """The directory of a card's files."""
        return card_directory(self.state, card)

    def sweep(self, sweep: str) -> Path:
        """The directory of the report of a sweep."""
        return self.state / "sweeps" / short_id(sweep, 16)

    def work(self, key: str) -> Path:
        """What an unfinished stage keeps across a kill."""
        return self.state / "work" / short_id(key, 16)


def open_project(
    file: Path,
    plugins_dirs: Iterable[Path],
    progress: Progress,
    *,
    notice: Callable[[str], None] = lambda line: None,
    on_wait: Callable[[float], None] | None = None,
) -> Workspace:
    """Load a project file (or the one in a directory) with its plugins; more of them may lie in ``plugins_dirs``.

    Raises ProjectError or PluginError for what cannot be loaded.
    """
    file = file / PROJECT_FILE if file.is_dir() else file
    settings, root = load_project(file), file.parent
    catalog = load_catalog([*(root / directory for directory in settings.plugins), *plugins_dirs])
    return Workspace(settings, root, catalog, ledger_of(root, settings, on_wait), progress, file.name, notice)


def ledger_of(root: Path, settings: Project | None, on_wait: Callable[[float], None] | None = None) -> Ledger:
    """A project's ledger, on a server where it says so; ``on_wait`` is told how long another process holds it."""
    location = (settings.ledger if settings else None) or f"{STATE_DIRECTORY}/{LEDGER_FILE}"
    return Ledger(location if location.startswith(SCHEME) else root / location, on_wait=on_wait)
