"""The sections of a project file: frozen models in which every key is known.

What is said of a key here is also in the reference and in the JSON schema that editors complete from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from qlora_gov.canonical import is_content_id
from qlora_gov.explain import Keys
from qlora_gov.plugin.settings import Settings
from qlora_gov.project.mix import MixUse
from qlora_gov.project.uses import (
    GateUse,
    Guardrail,
    Metric,
    Regression,
    RuleUse,
    SourceSettings,
    Step,
    Synthesiser,
    Trainer,
)
from qlora_gov.records import About, GenerationSettings
from qlora_gov.records.inputs import TODAY
from qlora_gov.records.synthesis import LIMITS, Budget, Endpoint

NEWEST_SCHEMA = 2
"""What ``init`` writes. A new duty binds from the next schema on: the outcomes of a project that stands still stay."""


def too_long(path: str) -> bool:
    """Whether no file system takes the path: a name has at most 255 bytes, and a path 4,095."""
    encoded = path.encode(errors="surrogatepass")
    return len(encoded) > 4_095 or any(len(name) > 255 for name in encoded.split(b"/"))


def _short_enough(path: P) -> P:
    if too_long(str(path)):
        raise ValueError("is too long for a path: a name in one has at most 255 bytes")
    return path


P = TypeVar("P", str, Path)
PathText = Annotated[str, AfterValidator(_short_enough)]
ShortPath = Annotated[Path, AfterValidator(_short_enough)]


class Dataset(Settings):
    """Sources in order, then the steps that their rows pass through."""

    sources: tuple[SourceSettings, ...] = Field(min_length=1, description="where the rows come from, in this order")
    steps: tuple[Step, ...] = Field(default=(), description="what the rows pass through, in this order")
    mix: MixUse | None = Field(
        default=None, description="the shares of rows by provenance that are sampled at the end; none: no sampling"
    )


class Data(Settings):
    """The training data, and the evaluation set that it is kept clear of."""

    training: Dataset = Field(description="what the adapter is trained on")
    evaluation: Dataset = Field(description="the frozen rows that both sides answer; it is curated first")


class Synthesis(Settings):
    """Rows that a model makes from others, and the file that they go to; ``qlora-gov data synthesise`` makes it."""

    synthesiser: Synthesiser = Field(description="what makes prompts of rows, and rows of answers")
    seeds: Dataset = Field(description="the rows that prompts are made from; what its steps leave is what a model sees")
    sample: int | None = Field(
        default=None, ge=1, description="how many of these rows are drawn at random; none: all of them"
    )
    endpoint: Endpoint = Field(description="the model, and how it is asked")
    budget: Budget = Field(default=Budget(), description="what may be spent over all runs")
    path: ShortPath = Field(description="the file that the rows go to, such as data/paraphrases.jsonl")

    @field_validator("path")
    @classmethod
    def _lines(cls, path: Path) -> Path:
        if path.suffix != ".jsonl":
            raise ValueError("should end in .jsonl: a row is a line of it")
        return path

    @model_validator(mode="after")
    def _bounded(self) -> Synthesis:
        """A budget holds where what a request may take is known before it is made."""
        if self.budget != Budget() and self.endpoint.most is None:
            raise ValueError(f"a budget needs {' or '.join(LIMITS)} in endpoint.parameters: what an answer can take")
        if self.budget.money is not None and self.endpoint.prices is None:
            raise ValueError("budget.money needs endpoint.prices: {input: 0.15, output: 0.6}, of a million tokens each")
        return self


class BaseModelSettings(Settings):
    """The base model, and how its weights are held."""

    model: PathText = Field(default="embedded", description="'embedded', a directory, a .gguf file, or a hub id")
    quantization: Literal["nf4", "none"] = Field(default="nf4", description="how the weights are held in memory")
    licence: str | None = Field(default=None, description="the base's licence, where its own files do not say it")
    today: date = Field(
        default=TODAY,
        description="the day that a chat template is told which asks for today's; it never moves by itself",
    )


Base = Annotated[
    BaseModelSettings,
    BeforeValidator(
        lambda value: {"model": value} if isinstance(value, str) else value,
        json_schema_input_type=BaseModelSettings | str,
    ),
]


class EvaluationSettings(Settings):
    """How subjects answer, and what is measured on the answers."""

    generation: GenerationSettings = Field(default=GenerationSettings(), description="how answers are made")
    metrics: tuple[Metric, ...] = Field(min_length=1, description="what is measured on the answers")
    guardrails: tuple[Guardrail, ...] = Field(default=(), description="detectors whose rate is measured on the answers")


class PolicySettings(Settings):
    """The rules of release, and what the champion's regression is; see :class:`qlora_gov.records.Policy`."""

    rules: tuple[RuleUse, ...] = Field(min_length=1, description="all must pass")
    required: tuple[str, ...] = Field(
        default=(), description="names of rules that can be neither left out, tolerated nor waived"
    )
    inconclusive: Literal["blocks", "tolerated"] = Field(
        default="blocks", description="what a rule does that could not tell"
    )
    further_looks: Literal["halve_alpha", "fresh_rows", "count"] = Field(
        default="halve_alpha", description="what a further decision on the same rows takes"
    )
    reference: str | None = Field(
        default=None,
        description="'base', or the full id of an adapter, that rules with 'against: reference' compare with",
    )
    regression: Regression = Field(
        default=GateUse.model_validate({"use": "non_inferior", "margin": 0.05}),
        description="the gate by which 'rollback --if-regressed' judges every metric that has a rule",
    )

    @field_validator("reference")
    @classmethod
    def _whole_id(cls, reference: str | None) -> str | None:
        """A policy's own id must not depend on what else a ledger holds, as the start of an id would."""
        if reference is not None and reference != "base" and not is_content_id(reference):
            raise ValueError("should be 'base' or the full id of an adapter, sha256:... as 'ledger show' prints it")
        return reference


class Places:
    """Where the keys of a project are written. Two projects that say the same are equal, wherever they are written."""

    def __init__(self, where: Callable[[Keys], str] | None = None) -> None:
        self._where = where

    def __call__(self, place: str) -> str:
        """The place, after the file and line where it is written."""
        if self._where is None:
            return place
        parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", place)
        return f"{self._where(tuple(int(at) if at else key for at, key in parts))}: {place}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Places)

    __hash__ = None  # type: ignore[assignment]


class Project(Settings):
    """A whole project file."""

    schema_: int = Field(default=1, ge=1, alias="schema", description="which duties bind this project")
    about: About = Field(description="what only people can say; it goes on the card as it is")
    seed: int = Field(default=0, ge=0, lt=2**32, description="of all that is drawn at random")  # numpy takes no other
    base: Base = Field(default=BaseModelSettings(), description="the base model; a plain string is its 'model'")
    plugins: tuple[ShortPath, ...] = Field(default=(), description="directories of the project's own plugins")
    templates: ShortPath | None = Field(
        default=None, description="directory of templates that stand before the installed ones"
    )
    ledger: PathText | None = Field(
        default=None,
        description="another ledger file than .qlora_gov/ledger.duckdb, or quack:host:port of a shared one",
    )
    data: Data | None = Field(
        default=None, description="training and evaluation rows; none where evaluations are imported"
    )
    synthesis: Mapping[str, Synthesis] = Field(
        default={}, description="files of rows that a model makes, each under a name"
    )
    training: Trainer | None = Field(default=None, description="what trains; none where evaluations are imported")
    evaluation: EvaluationSettings = Field(description="how both sides answer, and what is measured")
    policy: PolicySettings = Field(description="what an adapter must show to be released")

    _places: Places = PrivateAttr(default_factory=Places)

    @property
    def strict(self) -> bool:
        """Whether the duties of the second schema bind; before, they are notices and lines on the card."""
        return self.schema_ >= 2

    @property
    def generation(self) -> GenerationSettings:
        """How answers are made; from schema 2 on, nothing of the base's own has a say unless the project says so."""
        said = self.evaluation.generation
        if not self.strict or "decoding" in said.model_fields_set:
            return said
        return said.model_copy(update={"decoding": "greedy"})

    def located(self, where: Callable[[Keys], str]) -> Project:
        """The project, which from now on knows where its keys are written."""
        self._places = Places(where)
        return self

    def at(self, place: str) -> str:
        """A place such as ``policy.rules[2]`` with the file and line where it is written, if that is known."""
        return self._places(place)

    @field_validator("schema_")
    @classmethod
    def _known_schema(cls, schema: int) -> int:
        if schema > NEWEST_SCHEMA:
            raise ValueError(f"{schema} is of a later version; this one knows schemas up to {NEWEST_SCHEMA}")
        return schema

    @field_validator("synthesis")
    @classmethod
    def _names_of_files(cls, synthesis: Mapping[str, Synthesis]) -> Mapping[str, Synthesis]:
        """What is kept of each lies in a file of its name."""
        if odd := [name for name in synthesis if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", name)]:
            raise ValueError(f"the name {odd[0]!r} must be lower case letters, digits, '_' or '-'")
        return synthesis

    @model_validator(mode="after")
    def _data_with_training(self) -> Project:
        if (self.data is None) != (self.training is None):
            raise ValueError("write both sections 'data' and 'training', or neither where evaluations are imported")
        return self
