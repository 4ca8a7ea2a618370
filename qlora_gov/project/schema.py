"""The sections of a project file: frozen models in which every key is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from qlora_gov.canonical import is_content_id
from qlora_gov.guardrails.actions import known_action
from qlora_gov.plugin.settings import Settings
from qlora_gov.records import About, DetectorErrors, GenerationSettings

NEWEST_SCHEMA = 1
"""What ``init`` writes. A new duty binds from the next schema on: the outcomes of a project that stands still stay."""


class Use(BaseModel):
    """A component by name, with its settings beside it; a plain string is a name without settings."""

    model_config = ConfigDict(frozen=True, extra="allow")
    use: str

    @property
    def settings(self) -> dict[str, Any]:
        """The component's settings, not validated yet."""
        return dict(self.model_extra or {})


def _name_or_mapping(value: Any) -> Any:
    return {"use": value} if isinstance(value, str) else value


ComponentUse = Annotated[Use, BeforeValidator(_name_or_mapping)]


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("should hold no control characters: it is printed on terminals")
    return name


Name = Annotated[str, Field(min_length=1), AfterValidator(_printable)]


class MeasureUse(Use):
    """A metric or guardrail; ``as`` is a name of its own, which two uses of one component need."""

    name: Name | None = Field(default=None, alias="as")


class GuardrailUse(MeasureUse):
    """A guardrail, with its errors where somebody has measured them on labelled texts."""

    errors: DetectorErrors | None = None


class SourceSettings(Use):
    """A source, with the licence of what it yields."""

    licence: str | None = None


class StepSettings(Use):
    """A curation step: a filter, or a guardrail with what to do where it finds something."""

    action: Annotated[str, AfterValidator(known_action)] | None = None


class Dataset(Settings):
    """Sources in order, then the steps that their rows pass through."""

    sources: tuple[SourceSettings, ...] = Field(min_length=1)
    steps: tuple[Annotated[StepSettings, BeforeValidator(_name_or_mapping)], ...] = ()


class Data(Settings):
    """The training data, and the evaluation set that it is kept clear of."""

    training: Dataset
    evaluation: Dataset


class BaseModelSettings(Settings):
    """The base model, and how its weights are held."""

    model: str = "embedded"
    quantization: Literal["nf4", "none"] = "nf4"
    licence: str | None = None


class EvaluationSettings(Settings):
    """How subjects answer, and what is measured on the answers."""

    generation: GenerationSettings = GenerationSettings()
    metrics: tuple[Annotated[MeasureUse, BeforeValidator(_name_or_mapping)], ...] = Field(min_length=1)
    guardrails: tuple[Annotated[GuardrailUse, BeforeValidator(_name_or_mapping)], ...] = ()


class RuleUse(Use):
    """One rule: a gate, the metric that it judges, and whom it compares with."""

    name: Name | None = Field(default=None, description="default: the gate's and the metric's name")
    metric: str
    against: Literal["champion", "reference"] = "champion"
    where: dict[str, str] = {}


class PolicySettings(Settings):
    """The rules of release, and what the champion's regression is; see :class:`qlora_gov.records.Policy`."""

    rules: tuple[RuleUse, ...] = Field(min_length=1)
    required: tuple[str, ...] = ()
    inconclusive: Literal["blocks", "tolerated"] = "blocks"
    further_looks: Literal["halve_alpha", "fresh_rows", "count"] = "halve_alpha"
    reference: str | None = None
    regression: ComponentUse = Use.model_validate({"use": "non_inferior", "margin": 0.05})

    @field_validator("reference")
    @classmethod
    def _whole_id(cls, reference: str | None) -> str | None:
        """A policy's own id must not depend on what else a ledger holds, as the start of an id would."""
        if reference is not None and reference != "base" and not is_content_id(reference):
            raise ValueError("should be 'base' or the full id of an adapter, sha256:... as 'ledger show' prints it")
        return reference


class Project(Settings):
    """A whole project file."""

    schema_: int = Field(default=1, ge=1, alias="schema", description="which duties bind this project")
    about: About
    seed: int = Field(default=0, ge=0, lt=2**32)  # numpy takes no other
    base: Annotated[BaseModelSettings, BeforeValidator(lambda v: {"model": v} if isinstance(v, str) else v)] = (
        BaseModelSettings()
    )
    plugins: tuple[Path, ...] = ()
    templates: Path | None = None
    ledger: str | None = Field(default=None, description="another file, or quack:host:port of a shared one")
    data: Data | None = None
    training: ComponentUse | None = None
    evaluation: EvaluationSettings
    policy: PolicySettings

    @field_validator("schema_")
    @classmethod
    def _known_schema(cls, schema: int) -> int:
        if schema > NEWEST_SCHEMA:
            raise ValueError(f"{schema} is of a later version; this one knows schemas up to {NEWEST_SCHEMA}")
        return schema

    @model_validator(mode="after")
    def _data_with_training(self) -> Project:
        if (self.data is None) != (self.training is None):
            raise ValueError("write both sections 'data' and 'training', or neither where evaluations are imported")
        return self
