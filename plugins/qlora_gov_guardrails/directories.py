"""Directories that a project names: found from the project file, recorded by their content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, PlainSerializer, SerializationInfo, ValidationInfo


def _resolve(path: Path, info: ValidationInfo) -> Path:
    resolved = _root(info.context) / path
    if not resolved.is_dir():
        raise ValueError(f"no such directory: {resolved}")
    return resolved


def _describe(path: Path, info: SerializationInfo) -> dict[str, str]:
    root = _root(info.context)
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return {"path": name, "digest": _digest(path)}


def _digest(directory: Path) -> str:
    """The digest of every file's name and bytes, in the order of their names."""
    digest = hashlib.sha256()
    for file in sorted(path for path in directory.rglob("*") if path.is_file()):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{file.relative_to(directory).as_posix()}\0{content}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _root(context: Any) -> Path:
    return Path((context or {}).get("root", ""))


ProjectDirectory = Annotated[Path, AfterValidator(_resolve), PlainSerializer(_describe)]
"""An existing directory, relative to the project file. Recorded by its digest, so that editing it is a change."""
