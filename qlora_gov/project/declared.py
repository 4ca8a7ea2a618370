"""What a project declares of its sources: where rows come from, under which licence, and on what basis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qlora_gov.project.components import placed
from qlora_gov.project.schema import Project
from qlora_gov.project.uses import SourceSettings
from qlora_gov.records.dataset import PROVENANCES

DECLARED_FROM = 2
"""The schema from which on every source declares all of it."""

_EXAMPLES = {
    "provenance": " or ".join(PROVENANCES),
    "licence": "such as CC-BY-4.0, or other",
    "consent": "on what basis the rows may be used, such as contract, public or written for this",
}


def undeclared_sources(project: Project) -> Iterator[str]:
    """A line for each source of the data that declares too little, where the project's schema asks for it."""
    if project.data is not None:
        for section, dataset in (("training", project.data.training), ("evaluation", project.data.evaluation)):
            yield from undeclared(f"data.{section}.sources", dataset.sources, project)


def undeclared(section: str, sources: Sequence[SourceSettings], project: Project) -> Iterator[str]:
    """The same of the sources of one section."""
    if project.schema_ < DECLARED_FROM:
        return
    for place, source in placed(section, sources):
        missing = [name for name in _EXAMPLES if getattr(source, name) is None]
        if missing:
            wanted = "; ".join(f"{name!r} ({_EXAMPLES[name]})" for name in missing)
            yield f"{project.at(place)}: {source.use} does not declare {wanted}"
