"""Where a plugin may be that evidence was made with and that is not loaded now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from qlora_gov.errors import GovError
from qlora_gov.ledger import Entry
from qlora_gov.project.file import load_project
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Component, Evaluation, Policy

LOCAL = "local"
"""The version of a plugin that is a file in a directory; its distribution is that directory's name and the file's."""


def plugin_hints(space: Workspace, entries: Iterable[Entry]) -> list[str]:
    """How to have each plugin of a directory loaded that is not; nothing of those whose file is not found."""
    loaded = {entry.plugin.name for entry in space.catalog}
    wanted = {one.distribution for one in _components(entries) if one.version == LOCAL and _plugin(one) not in loaded}
    return [hint for file in sorted(wanted) for hint in _hint(space, PurePosixPath(file))]


def _plugin(component: Component) -> str:
    return component.name.partition("/")[0]


def _components(entries: Iterable[Entry]) -> Iterator[Component]:
    for entry in entries:
        match entry.record:
            case Evaluation() as evaluation:
                yield from (measured.metric for measured in evaluation.measurements)
                yield from (scan.detector for scan in evaluation.scans)
            case Policy() as policy:
                yield from (rule.gate for rule in policy.rules)


def _hint(space: Workspace, file: PurePosixPath) -> Iterator[str]:
    directories = [path for path in (space.root, *sorted(space.root.iterdir())) if (path / file).is_file()]
    if directories:
        directory = (directories[0] / file).parent
        named = [path.name for path in sorted(space.root.glob("*.y*ml")) if _names(path, directory)]
        other = f"verify {named[0]}, which names it, or " if named else ""
        yield f"plugin {file.stem!r} lies in {directory.relative_to(space.root)}: {other}use --plugins-dir {directory}"


def _names(project: Path, directory: Path) -> bool:
    """Whether a project file beside this one names the directory."""
    try:
        return any((project.parent / one).resolve() == directory.resolve() for one in load_project(project).plugins)
    except GovError:
        return False
