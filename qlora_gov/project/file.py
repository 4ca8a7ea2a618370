"""Reading a project file: YAML, with what it extends, into its models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from qlora_gov.errors import ProjectError
from qlora_gov.explain import Keys, Unquoted, mistaken, reasons_of
from qlora_gov.project.schema import Project, too_long

PROJECT_FILE = "qlora_gov.yaml"
SCHEMA_FILE = "qlora_gov.schema.json"
LEDGER_FILE = "ledger.duckdb"


@dataclass(frozen=True)
class _Document:
    """A YAML file: its values, and the nodes that they were made of, which know their lines."""

    path: Path
    values: dict[str, Any]
    node: yaml.Node

    def follow(self, keys: Keys) -> tuple[int, str]:
        """How many of the keys are in this file, and where the last one of them is."""
        node, where = self.node, str(self.path)
        for depth, key in enumerate(keys):
            if (inner := _inner(node).get(key)) is None:
                return depth, where
            mark, node = inner
            where = f"{self.path}:{mark.line + 1}"
        return len(keys), where


def _inner(node: yaml.Node) -> dict[int | str, tuple[yaml.Mark, yaml.Node]]:
    """The nodes within one by their keys, and where these are."""
    match node:
        case yaml.MappingNode():
            return {key.value: (key.start_mark, value) for key, value in node.value}
        case yaml.SequenceNode():
            return {at: (value.start_mark, value) for at, value in enumerate(node.value)}
    return {}


def project_schema() -> str:
    """The JSON schema of a project file. It completes and warns in editors; what counts are the models."""
    return (files("qlora_gov.project") / "project.schema.json").read_text(encoding="utf-8")


def load_project(path: Path) -> Project:
    """Read and validate a project file, with what it ``extends`` merged in below it.

    Raises ProjectError naming file, line and key of each thing that is wrong, with the known key for a misspelt one.
    """
    documents = _read(path, ())
    merged = reduce(_merge, (document.values for document in reversed(documents)))
    try:
        project = Project.model_validate(merged)
        reasons = list(mistaken(merged, project))
    except ValidationError as error:
        reasons = reasons_of(error, Project)
    if reasons:
        raise ProjectError(*(f"{_where(documents, reason.keys)}: {reason}" for reason in reasons))
    return project.located(lambda keys: _where(documents, keys))


def _where(documents: Sequence[_Document], keys: Keys) -> str:
    """The file that holds most of the keys, the topmost of several, and the line of the last one."""
    return max((document.follow(keys) for document in documents), key=lambda found: found[0])[1]


def _read(path: Path, above: tuple[Path, ...]) -> list[_Document]:
    """A file and what it extends, the topmost first; ``above`` are the files that led to it."""
    if path.resolve() in above:
        raise ProjectError(f"{path}: extends itself")
    if above and (too_long(str(path)) or not path.is_file()):
        raise ProjectError(f"{above[-1]}: extends {path}, which is no file")
    document = _document(path)
    below = document.values.pop("extends", None)
    if below is None:
        return [document]
    if not isinstance(below, str):
        raise ProjectError(f"{path}: extends: should be the path of a project file")
    return [document, *_read(path.parent / below, (*above, path.resolve()))]


def _document(path: Path) -> _Document:
    try:
        loader = _UniqueKeys(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        _check_scalars(path, node)
        values = None if node is None else loader.construct_document(node)
    except FileNotFoundError as error:
        raise ProjectError(f"no such project file: {path}; 'qlora-gov init' writes one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path}: cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ProjectError(f"{path}{line}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # no such date; nested too deep
        raise ProjectError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if node is None or not isinstance(values, dict):
        raise ProjectError(f"{path}: a project file is a mapping of sections; see 'qlora-gov init'")
    return _Document(path, values, node)


def parsed_value(text: str) -> Any:
    """A value as it would be in a project file. Raises yaml.YAMLError or ValueError for what is none."""
    loader = _UniqueKeys(text)
    return loader.get_single_data()


def _check_scalars(path: Path, node: yaml.Node | None) -> None:
    """Refuse what no record could hold and no file be named, with the line of each: it would fail much later."""
    unfit = [f"{path}:{scalar.start_mark.line + 1}: {why}" for scalar in _scalars(node) if (why := _unfit(scalar))]
    if unfit:
        raise ProjectError(*dict.fromkeys(unfit))


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Every scalar once, also below what refers to itself."""
    seen, todo = set[int](), [node]
    while todo:
        one = todo.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        match one:
            case yaml.ScalarNode():
                yield one
            case yaml.MappingNode():
                todo += [part for pair in one.value for part in pair]
            case yaml.SequenceNode():
                todo += one.value


def _unfit(scalar: yaml.ScalarNode) -> str | None:
    """Why a value cannot be used, whatever its key is."""
    text: str = scalar.value
    if any("\ud800" <= character <= "\udfff" for character in text):
        return f"{text[:40]!a} holds half a surrogate pair, which is no character; write \\U and eight digits for one"
    if "\0" in text:
        return f"{text[:40]!a} holds a NUL character; leave it out"
    digits = text.lstrip("+-").replace("_", "")
    if scalar.tag == _INTEGER and digits.isdecimal() and (len(digits) > 16 or int(digits) >= 2**53):
        return f"{text[:20]}{'...' if len(text) > 20 else ''} is too large: a whole number can be recorded below 2**53"
    return None


_INTEGER = "tag:yaml.org,2002:int"
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


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

    def construct_text(self, node: yaml.ScalarNode) -> str:
        """A text; one that only the YAML of 2005 takes for a text, as 1e-4, is marked for whoever wants a number."""
        return Unquoted(node.value) if node.style is None and _NUMBER.fullmatch(node.value) else str(node.value)


_UniqueKeys.add_constructor("tag:yaml.org,2002:str", _UniqueKeys.construct_text)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Mappings merge key by key; anything else above replaces what is below."""
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        merged[key] = _merge(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
