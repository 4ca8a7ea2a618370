"""Reading a project file: YAML, with what it extends, into its models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from qlora_gov.errors import ProjectError
from qlora_gov.explain import explain
from qlora_gov.project.schema import Project

PROJECT_FILE = "qlora_gov.yaml"
STATE_DIRECTORY = ".qlora_gov"
LEDGER_FILE = "ledger.duckdb"


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
