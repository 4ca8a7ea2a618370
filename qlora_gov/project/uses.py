"""How a project file names components: each with its settings beside it, at the place where it may stand."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from qlora_gov.guardrails.actions import ACTIONS, acting, known_action
from qlora_gov.plugin.specs import FilterSpec, GateSpec, GuardrailSpec, MetricSpec, SourceSpec, TrainerSpec
from qlora_gov.records import DetectorErrors, SourceUse
from qlora_gov.records.dataset import Provenance


class Use(BaseModel):
    """A component by name, with its settings beside it; a plain string is a name without settings.

    ``kinds`` are those of the components that may be named at this place.
    """

    kinds: ClassVar[tuple[str, ...]] = ()
    model_config = ConfigDict(frozen=True, extra="allow")
    use: str = Field(description="the component: its name, or plugin/name where two plugins use the name")

    @property
    def settings(self) -> dict[str, Any]:
        """The component's settings, not validated yet."""
        return dict(self.model_extra or {})


def _name_or_mapping(value: Any) -> Any:
    return {"use": value} if isinstance(value, str) else value


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("should hold no control characters: it is printed on terminals")
    return name


Name = Annotated[str, Field(min_length=1), AfterValidator(_printable)]


class TrainerUse(Use):
    """What trains the adapter."""

    kinds = (TrainerSpec.kind,)


class MeasureUse(Use):
    """A metric; ``as`` is a name of its own, which two uses of one component need."""

    kinds = (MetricSpec.kind,)
    name: Name | None = Field(default=None, alias="as", description="what rules and reports call it")


class GuardrailUse(MeasureUse):
    """A guardrail, whose rate is measured, with its errors where somebody has measured them on labelled texts."""

    kinds = (GuardrailSpec.kind,)
    errors: DetectorErrors | None = Field(default=None, description="how it did on labelled texts; cards correct by it")

    @field_validator("errors")
    @classmethod
    def _parts_of_wholes(cls, errors: DetectorErrors | None) -> DetectorErrors | None:
        if errors is not None and (errors.found > errors.present or errors.spared > errors.absent):
            raise ValueError("found is of present, and spared of absent: neither can be more")
        return errors


class SourceSettings(Use):
    """A source, with what its project declares of its rows."""

    kinds = (SourceSpec.kind,)
    licence: str | None = Field(default=None, description="licence of the rows, for the card")
    provenance: Provenance | None = Field(
        default=None, description="where the rows come from, of those that do not say it themselves"
    )
    consent: Name | None = Field(default=None, description="on what basis the rows may be used, for the card")

    @property
    def declared(self) -> list[str | None]:
        """What determines the rows besides the source."""
        return declared(self)


def declared(source: SourceSettings | SourceUse) -> list[str | None]:
    """What a project declares of a source's rows; the licence alone where it declares no more, as it once was."""
    more = [source.provenance, source.consent]
    return [source.licence, *(more if any(more) else [])]


class StepSettings(Use):
    """A curation step: a filter, or a guardrail with what to do where it finds something."""

    kinds = (FilterSpec.kind, GuardrailSpec.kind)
    action: Annotated[str, AfterValidator(known_action), Field(json_schema_extra={"enum": list(ACTIONS)})] | None = (
        Field(
            default=None,
            description="of a guardrail, and only of one: what it does with a row in which it finds something",
        )
    )

    def acting(self, schema: int) -> StepSettings:
        """The step of a project of some schema, with its action as it is recorded."""
        return self if self.action is None else self.model_copy(update={"action": acting(self.action, schema)})


class GateUse(Use):
    """A gate with its settings."""

    kinds = (GateSpec.kind,)


class RuleUse(GateUse):
    """One rule: a gate, the metric that it judges, and whom it compares with."""

    name: Name | None = Field(default=None, description="default: the gate's and the metric's name")
    metric: str | None = Field(
        default=None, description="what is judged: a metric or a rate such as pii_rate; none for answers and data"
    )
    against: Literal["champion", "reference"] = Field(
        default="champion", description="whom the candidate is compared with"
    )
    where: dict[str, str] = Field(default={}, description="labels of the rows that it judges; none: all rows")
    accept_vacuous: Name | None = Field(
        default=None, description="why a rule that every candidate passes, or none, is kept; cards print it"
    )


Trainer = Annotated[TrainerUse, BeforeValidator(_name_or_mapping, json_schema_input_type=TrainerUse | str)]
Metric = Annotated[MeasureUse, BeforeValidator(_name_or_mapping, json_schema_input_type=MeasureUse | str)]
Guardrail = Annotated[GuardrailUse, BeforeValidator(_name_or_mapping, json_schema_input_type=GuardrailUse | str)]
Step = Annotated[StepSettings, BeforeValidator(_name_or_mapping, json_schema_input_type=StepSettings | str)]
Regression = Annotated[GateUse, BeforeValidator(_name_or_mapping, json_schema_input_type=GateUse | str)]
