"""The project file: YAML into frozen models. Every key is known, or the error names the nearest one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.errors import PydanticInvalidForJsonSchema

from qlora_gov.errors import ProjectError, did_you_mean
from qlora_gov.records import About, DetectorErrors, GenerationSettings
from qlora_gov.settings import Settings

PROJECT_FILE = "qlora_gov.yaml"
STATE_DIRECTORY = ".qlora_gov"
LEDGER_FILE = "ledger.duckdb"


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


class Instrument(Use):
    """A metric or guardrail; ``as`` is a name of its own, which two uses of one component need."""

    name: Name | None = Field(default=None, alias="as")


class GuardrailUse(Instrument):
    """A guardrail, with its errors where somebody has measured them on labelled texts."""

    errors: DetectorErrors | None = None


class SourceUse(Use):
    """A source, with the licence of what it yields."""

    licence: str | None = None


class Step(Use):
    """A curation step: a filter, or a guardrail with what to do where it finds something."""

    action: Literal["drop", "redact"] | None = None


class Dataset(Settings):
    """Sources in order, then the steps that their rows pass through."""

    sources: tuple[SourceUse, ...] = Field(min_length=1)
    steps: tuple[Annotated[Step, BeforeValidator(_name_or_mapping)], ...] = ()


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
    metrics: tuple[Annotated[Instrument, BeforeValidator(_name_or_mapping)], ...] = Field(min_length=1)
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
        if reference is not None and not re.fullmatch("base|sha256:[0-9a-f]{64}", reference):
            raise ValueError("should be 'base' or the full id of an adapter, sha256:... as 'ledger show' prints it")
        return reference


class Project(Settings):
    """A whole project file."""

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

    @model_validator(mode="after")
    def _data_with_training(self) -> Project:
        if (self.data is None) != (self.training is None):
            raise ValueError("write both sections 'data' and 'training', or neither where evaluations are imported")
        return self


def load_project(path: Path) -> Project:
    """Read and validate a project file, with what it ``extends`` merged in below it.

    Raises ProjectError naming the file and the key, with the nearest known key for an unknown one.
    """
    document = _read(path, ())
    try:
        return Project.model_validate(document)
    except ValidationError as error:
        raise ProjectError(f"{path}: {explain(error, Project)}") from error


def _read(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """One file with what it extends below it; ``above`` are the files that led to it."""
    if path.resolve() in above:
        raise ProjectError(f"{path}: extends itself")
    if above and not path.is_file():
        raise ProjectError(f"{above[-1]}: extends {path}, which is no file")
    document = _document(path)
    below = document.pop("extends", None)
    if below is None:
        return document
    if not isinstance(below, str):
        raise ProjectError(f"{path}: extends: should be the path of a project file")
    return _merge(_read(path.parent / below, (*above, path.resolve())), document)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = _UniqueKeys(path.read_text(encoding="utf-8")).get_single_data()
    except FileNotFoundError as error:
        raise ProjectError(f"no such project file: {path}; 'qlora-gov init' writes one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path}: cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ProjectError(f"{path}: {line}not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # no such date; nested too deep
        raise ProjectError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ProjectError(f"{path}: a project file is a mapping of sections; see 'qlora-gov init'")
    return document


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that is given twice is an error: the plain loader keeps the last one in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is given twice", key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Mappings merge key by key; anything else above replaces what is below."""
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        merged[key] = _merge(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


_WORDS = {
    "dict_type": "should be a mapping of keys to values",
    "model_type": "should be a mapping of keys to values",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "path_type": "should be a path",
    "too_short": "should have at least {min_length} item(s), not {actual_length}",
}
"""What pydantic says in the words of Python, in those of YAML."""


def explain(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """The first problem of a validation error in one line, with the nearest known key for an unknown one.

    An unknown key comes first: where it is a misspelt one, the key that it stands for is reported missing too.
    Without a ``model`` no key can be unknown.
    """
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda problem: problem["type"] != "extra_forbidden")
    place = _place(first["loc"])
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    if first["type"] == "extra_forbidden":
        known = _fields_at(model, first["loc"][:-1]) if model else []
        return f"unknown key {place!r}; {did_you_mean(str(first['loc'][-1]), known)}{more}"
    if first["type"] == "missing":
        return f"missing key {place!r}{more}"
    if first["type"] in _WORDS:
        return f"{place}: {_WORDS[first['type']].format(**first.get('ctx', {}))}{more}"
    message = first["msg"].removeprefix("Value error, ")
    said = f"{message[:1].lower()}{message[1:]}{more}"
    return f"{place}: {said}" if first["loc"] else said


def _place(keys: tuple[int | str, ...]) -> str:
    """A path of keys as it is written elsewhere: ``policy.rules[0].metric``."""
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return path.removeprefix(".") or "the section"


def _fields_at(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The keys that a nested place of a model knows, walked by the model's own schema."""
    try:
        schema = model.model_json_schema()
    except PydanticInvalidForJsonSchema:  # a plugin's settings may hold types that JSON does not know
        return [] if place else list(model.model_fields)
    node: dict[str, Any] = schema
    for key in place:
        node = _inline(schema, node)
        node = node.get("items", {}) if isinstance(key, int) else node.get("properties", {}).get(key, {})
    return list(_inline(schema, node).get("properties", {}))


def _inline(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """A node with references followed, and of an optional one the first branch: the other one is null."""
    while True:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in node:
            node = node["anyOf"][0]
        else:
            return node
