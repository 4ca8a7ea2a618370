"""Settings of components, and files and directories within them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    JsonValue,
    PlainSerializer,
    SerializationInfo,
    ValidationInfo,
)

from qlora_gov.canonical import file_id, is_content_id, tree_id
from qlora_gov.text import one_line


class Settings(BaseModel):
    """Base for a component's settings: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def require(self) -> None:
        """Raise PluginError, with what to run, where these settings need what is not installed.

        It is asked before any work is done, besides what the spec ``requires``.
        """


def directory_id(directory: Path) -> str:
    """The digest of a directory's files, by name, but for hidden ones, which loaders pass over."""
    names = {path: path.relative_to(directory) for path in directory.rglob("*") if path.is_file()}
    shown = {path: name for path, name in names.items() if not any(part.startswith(".") for part in name.parts)}
    return tree_id({name.as_posix(): file_id(path) for path, name in shown.items()})


def existing(path: Path, exists: Callable[[Path], bool], kind: str) -> Path:
    """A path where there is what it should name. Raises ValueError where there is not."""
    try:
        found = exists(path)
    except (OSError, ValueError):  # no file can have such a name
        found = False
    if not found:
        raise ValueError(f"no such {kind}: {one_line(str(path))}")
    return path


def _resolve(exists: Callable[[Path], bool], kind: str) -> AfterValidator:
    def resolve(path: Path, info: ValidationInfo) -> Path:
        return existing(root_of(info.context) / path, exists, kind)

    return AfterValidator(resolve)


def _describe(digest: Callable[[Path], str]) -> PlainSerializer:
    def describe(path: Path, info: SerializationInfo) -> dict[str, str]:
        return RecordedFile(recorded_name(path, root_of(info.context)), digest(path))._asdict()

    return PlainSerializer(describe)


class RecordedFile(NamedTuple):
    """What is recorded of a file or directory that a setting names."""

    path: str
    digest: str


def recorded_file(value: JsonValue) -> RecordedFile | None:
    """A recorded setting as the file or directory that it names; None for any other."""
    match value:
        case {"path": str(path), "digest": str(digest), **more} if not more and is_content_id(digest):
            return RecordedFile(path, digest)
    return None


def recorded_name(path: Path, root: Path) -> str:
    """What records call a file or directory: its path from the project, or its name where it lies elsewhere."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def root_of(context: Any) -> Path:
    """The directory that paths are relative to."""
    return Path((context or {}).get("root", ""))


ProjectFile = Annotated[Path, _resolve(Path.is_file, "file"), _describe(file_id)]
"""An existing file, relative to the project file. Recorded by its digest, so that editing it is a change."""

ProjectDirectory = Annotated[Path, _resolve(Path.is_dir, "directory"), _describe(directory_id)]
"""An existing directory, relative to the project file. Recorded by the digest of its files."""
