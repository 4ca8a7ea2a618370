"""A directory as a setting."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import rfc8785
from pydantic import AfterValidator, PlainSerializer, SerializationInfo, ValidationInfo


def _resolve(path: Path, info: ValidationInfo) -> Path:
    resolved = _root(info) / path
    if not resolved.is_dir():
        raise ValueError(f"no such directory: {resolved}")
    return resolved


def _describe(path: Path, info: SerializationInfo) -> dict[str, str]:
    root = _root(info)
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return {"path": name, "digest": _digest(path)}


def _digest(directory: Path) -> str:
    """The digest of all files by name, but for hidden ones, which loaders pass over."""
    files = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            with path.open("rb") as stream:
                files[name.as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    return f"sha256:{hashlib.sha256(rfc8785.dumps(files)).hexdigest()}"


def _root(info: ValidationInfo | SerializationInfo) -> Path:
    return Path((info.context or {}).get("root", ""))


ProjectDirectory = Annotated[Path, AfterValidator(_resolve), PlainSerializer(_describe)]
"""An existing directory, relative to the project file. Recorded by the digest of its files."""
