"""One synthesis of a project, bound to its plugins: apart from the rest, which may need the file that it makes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from qlora_gov.errors import ProjectError, UsageError, did_you_mean
from qlora_gov.plugin.catalog import Bound, Catalog
from qlora_gov.plugin.specs import SynthesiserSpec
from qlora_gov.project.binding import BoundDataset, bound_dataset
from qlora_gov.project.components import Named, bind_components, named_in_dataset
from qlora_gov.project.declared import undeclared
from qlora_gov.project.schema import Project, Synthesis

_HERE = ("localhost", "127.0.0.1", "::1")
"""This machine."""


@dataclass(frozen=True)
class BoundSynthesis:
    """What one synthesis uses; ``held_out`` is the evaluation data, where a step keeps the seeds clear of it.

    ``place`` is where the project file says so.
    """

    settings: Synthesis
    synthesiser: Bound[SynthesiserSpec]
    seeds: BoundDataset
    held_out: BoundDataset | None
    place: str

    @property
    def caution(self) -> str | None:
        """What should be known before rows go to somebody else's machine; None where a guardrail sees them first."""
        host = urlsplit(self.settings.endpoint.url).hostname
        if host in _HERE or any(step.action is not None for step in self.settings.seeds.steps):
            return None
        return (
            f"{self.place}: rows go to {host} as they are: no step of the seeds has an 'action', as pii with redact has"
        )

    def require(self) -> None:
        """Raise MissingExtraError for the first component whose libraries are missing, before any work is done."""
        self.synthesiser.require()
        self.seeds.require()
        if self.held_out is not None:
            self.held_out.require()

    def key(self) -> str | None:
        """The API key, from the environment. Raises ProjectError where the variable is not set."""
        if (variable := self.settings.endpoint.key) is None:
            return None
        key = os.environ.get(variable, "").strip()
        if not (key and key.isascii() and key.isprintable()):
            why = "holds characters that no header can carry" if key else "is not set"
            raise ProjectError(f"{self.place}.endpoint.key: the environment variable {variable} {why}")
        return key


def bind_synthesis(project: Project, name: str, catalog: Catalog, root: Path) -> BoundSynthesis:
    """Bind what the synthesis of a name uses.

    Raises UsageError where there is none of the name, PluginError or ProjectError with a line for each thing wrong.
    """
    if name not in project.synthesis:
        raise UsageError(f"no synthesis is named {name!r} in the project file; {did_you_mean(name, project.synthesis)}")
    place, settings = f"synthesis.{name}", project.synthesis[name]
    if lines := list(undeclared(f"{place}.seeds.sources", settings.seeds.sources, project)):
        raise ProjectError(*lines)
    seeds, evaluation = f"{place}.seeds", "data.evaluation"
    named: list[Named] = [(f"{place}.synthesiser", settings.synthesiser, SynthesiserSpec)]
    named += named_in_dataset(seeds, settings.seeds)
    bound = dict(bind_components(named, catalog, root, project.schema_, project.at))
    data, held_out = bound_dataset(seeds, settings.seeds, bound, project), None
    if data.decontaminates:
        if project.data is None:
            raise ProjectError(f"{project.at(seeds)}: there is no evaluation set here to keep seeds clear of")
        held = named_in_dataset(evaluation, project.data.evaluation)
        bound |= bind_components(held, catalog, root, project.schema_, project.at)
        held_out = bound_dataset(evaluation, project.data.evaluation, bound, project)
    return BoundSynthesis(settings, bound[f"{place}.synthesiser"], data, held_out, project.at(place))
