"""A field of the recipe with the values that a sweep tries: the project as it would be with each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import JsonValue

from qlora_gov.canonical import canonical_json
from qlora_gov.errors import GovError, UsageError, did_you_mean, try_each
from qlora_gov.plugin.catalog import Bound
from qlora_gov.plugin.specs import TrainerSpec
from qlora_gov.project.components import bind_components
from qlora_gov.project.file import parsed_value
from qlora_gov.project.schema import Project
from qlora_gov.project.uses import TrainerUse
from qlora_gov.project.workspace import Workspace


@dataclass(frozen=True)
class Variant:
    """The project with one value of the field, exactly as if its file had set it; ``value`` is as recipes record it."""

    value: JsonValue
    project: Project


@dataclass(frozen=True)
class Over:
    """A field of the recipe, and the values to try."""

    field: str
    values: tuple[Any, ...]

    @classmethod
    def parsed(cls, text: str) -> Over:
        """From ``rank=32,64,128``; the values are those of a list in a project file. Raises UsageError."""
        field, sign, values = text.partition("=")
        try:
            found = parsed_value(f"[{values}]")
        except (yaml.YAMLError, ValueError) as error:
            raise UsageError(f"--over {text}: the values are no list; write rank=32,64,128") from error
        if not (sign and field.strip() and isinstance(found, list)):
            raise UsageError(f"--over {text}: should be a field of the recipe with its values, such as rank=32,64,128")
        if len(found) < 2:
            raise UsageError(f"--over {text}: a sweep takes two values at least")
        return cls(field.strip(), tuple(found))

    def variants(self, space: Workspace) -> list[Variant]:
        """The project with each value. Raises UsageError for what the trainer does not take, each value in a line."""
        use = space.project.training
        if use is None:
            raise UsageError("this project has no section 'training': there is no recipe to sweep")
        entry = space.catalog.find(TrainerSpec.kind, use.use)
        fields = entry.spec.config.model_fields if entry.spec.config else {}
        known = [field.alias or name for name, field in fields.items()]
        if self.field not in known:
            raise UsageError(f"--over {self.field}: {entry.name} has no such field; {did_you_mean(self.field, known)}")
        found = try_each(lambda value: self._variant(use, value, space), self.values)
        self._refuse_doubles([bound for _, bound in found])
        return [variant for variant, _ in found]

    def _variant(self, use: TrainerUse, value: Any, space: Workspace) -> tuple[Variant, Bound[TrainerSpec]]:
        changed = TrainerUse.model_validate({"use": use.use, **use.settings, self.field: value})
        where = f"--over {self.field}={value}"
        try:
            named = [("training", changed, TrainerSpec)]
            bound = bind_components(named, space.catalog, space.root, space.project.schema_, lambda place: where)
        except GovError as error:
            told = [line for line in error.lines if line.startswith(f"{where}: {self.field}")]
            raise UsageError(*(told or error.lines)) from error  # not what follows from it, as alpha does from rank
        trainer = bound["training"]
        assert trainer.settings is not None, "it has the field"
        recorded = trainer.settings.model_dump(mode="json", by_alias=True, context={"root": space.root})[self.field]
        return Variant(recorded, space.project.model_copy(update={"training": changed})), trainer

    def _refuse_doubles(self, bound: Sequence[Bound[TrainerSpec]]) -> None:
        """Raise UsageError for two values of one recipe: they would be one trial."""
        recipes: dict[bytes, Any] = {}
        for value, trainer in zip(self.values, bound, strict=True):
            recipe = canonical_json(trainer.component.identity)
            if recipe in recipes:
                raise UsageError(f"--over {self.field}: {recipes[recipe]} and {value} are one recipe; leave one out")
            recipes[recipe] = value
