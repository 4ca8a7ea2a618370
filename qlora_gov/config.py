"""The project file: YAML into frozen models. Every key is known, or the error names the nearest one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from qlora_gov.errors import ProjectError, did_you_mean
from qlora_gov.records import GenerationSettings
from qlora_gov.settings import Settings

PROJECT_FILE = "qlora_gov.yaml"
STATE_DIRECTORY = ".qlora_gov"


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
    metrics: tuple[ComponentUse, ...] = Field(min_length=1)
    guardrails: tuple[ComponentUse, ...] = ()


class RuleUse(Use):
    """One rule: a gate, and the metric that it judges."""

    metric: str


class PolicySettings(Settings):
    """The rules of release: all must pass."""

    rules: tuple[RuleUse, ...] = Field(min_length=1)


class About(Settings):
    """What only people can say; it goes on the card as it is."""

    title: str
    intended_use: str
    limits: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    language: tuple[str, ...] = ("en",)
    licence: str


class Project(Settings):
    """A whole project file."""

    about: About
    seed: int = Field(default=0, ge=0)
    base: Annotated[BaseModelSettings, BeforeValidator(lambda v: {"model": v} if isinstance(v, str) else v)] = (
        BaseModelSettings()
    )
    plugins: tuple[Path, ...] = ()
    data: Data
    training: ComponentUse
    evaluation: EvaluationSettings
    policy: PolicySettings


def load_project(path: Path) -> Project:
    """Read and validate a project file, with what it ``extends`` merged in below it.

    Raises ProjectError naming the file and the key, with the nearest known key for an unknown one.
    """
    document = _read(path, ())
    try:
        return Project.model_validate(document)
    except ValidationError as error:
        raise ProjectError(f"{path}: {explain(error, Project)}") from error


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path.resolve() in seen:
        raise ProjectError(f"{path}: extends itself")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ProjectError(f"no such project file: {path}; 'qlora-gov init' writes one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ProjectError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ProjectError(f"{path}: a project file is a mapping of sections; see 'qlora-gov init'")
    below = document.pop("extends", None)
    if below is None:
        return document
    return _merge(_read(path.parent / str(below), (*seen, path.resolve())), document)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Mappings merge key by key; anything else above replaces what is below."""
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        merged[key] = _merge(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """The first problem of a validation error in one line, with the nearest known key for an unknown one."""
    first = error.errors(include_url=False)[0]
    keys = [str(key) for key in first["loc"]]
    place = ".".join(keys) or "the section"
    rest = len(error.errors()) - 1
    more = f" (and {rest} more)" if rest else ""
    if first["type"] == "extra_forbidden":
        known = _fields_at(model, first["loc"][:-1])
        return f"unknown key {place!r}; {did_you_mean(keys[-1], known)}{more}"
    if first["type"] == "missing":
        return f"missing key {place!r}{more}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message[0].lower()}{message[1:]}{more}"


def _fields_at(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The keys that a nested place of a model knows, walked by the model's own schema."""
    schema = model.model_json_schema()
    node: dict[str, Any] = schema
    for key in place:
        node = _inline(schema, node)
        node = node.get("items", {}) if isinstance(key, int) else node.get("properties", {}).get(key, {})
    return list(_inline(schema, node).get("properties", {}))


def _inline(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node
