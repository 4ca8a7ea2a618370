"""Settings of components, and paths within them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, SerializationInfo, ValidationInfo

from qlora_gov.canonical import file_id


class Settings(BaseModel):
    """Base for a component's settings: immutable; an unknown key or a number that is not finite is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _resolve(path: Path, info: ValidationInfo) -> Path:
    resolved = _root(info.context) / path
    if not resolved.is_file():
        raise ValueError(f"no such file: {resolved}")
    return resolved


def _describe(path: Path, info: SerializationInfo) -> dict[str, str]:
    root = _root(info.context)
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return {"path": name, "digest": file_id(path)}


def _root(context: Any) -> Path:
    return Path((context or {}).get("root", ""))


ProjectFile = Annotated[Path, AfterValidator(_resolve), PlainSerializer(_describe)]
"""An existing file, relative to the project file. Recorded by its digest, so that editing it is a change."""
