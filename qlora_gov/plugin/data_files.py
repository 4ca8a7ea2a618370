"""Settings that name files of rows: by paths, by patterns, or by a URL whose bytes are fetched once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import PlainSerializer, PlainValidator, ValidationInfo

from qlora_gov.canonical import file_id, tree_id
from qlora_gov.plugin.fetching import FETCHED, fetched, is_url, without_secrets
from qlora_gov.plugin.settings import RecordedFile, existing, recorded_name, root_of
from qlora_gov.text import one_line


@dataclass(frozen=True)
class HeldFile:
    """A file of rows at hand.

    Attributes:
        name: what records and rows call it: its path from the project, or its URL without a query.
        path: where it lies on this machine.
        digest: of its bytes.
    """

    name: str
    path: Path
    digest: str


@dataclass(frozen=True)
class HeldFiles:
    """All files that a directory, a pattern, a path or a URL names, in the order of their names."""

    name: str
    files: tuple[HeldFile, ...]

    @property
    def digest(self) -> str:
        """Of the bytes of the one file of this name, or of all files by their names."""
        if [one.name for one in self.files] == [self.name]:
            return self.files[0].digest
        return tree_id({one.name: one.digest for one in self.files})


H = TypeVar("H", HeldFile, HeldFiles)

_MAGIC = re.compile(r"[*?\[]")


def _file(given: Any, info: ValidationInfo) -> HeldFile:
    text, root = _text(given), root_of(info.context)
    if is_url(text):
        return _of_url(text, root, info)
    path = existing(root / text, Path.is_file, "file")
    return _pinned(_held(path, recorded_name(path, root)), info)


def _files(given: Any, info: ValidationInfo) -> HeldFiles:
    text, root = _text(given), root_of(info.context)
    if is_url(text):
        one = _of_url(text, root, info)
        return HeldFiles(one.name, (one,))
    place, fixed, pattern = root / text, root / text, "**/*"
    if _MAGIC.search(text) and not place.exists():
        fixed = Path(*takewhile(lambda part: not _MAGIC.search(part), place.parts))
        pattern = place.relative_to(fixed).as_posix()
    else:
        existing(place, Path.exists, "file or directory")
    paths = [place] if place.is_file() else [path for path in sorted(fixed.glob(pattern)) if _is_shown(path, fixed)]
    if not paths:
        raise ValueError(f"no file is at {one_line(str(place))}")
    base = root if fixed.is_relative_to(root) else fixed.parent
    files = tuple(_held(path, path.relative_to(base).as_posix()) for path in paths)
    return _pinned(HeldFiles(place.relative_to(base).as_posix(), files), info)


def _is_shown(path: Path, base: Path) -> bool:
    return path.is_file() and not any(part.startswith(".") for part in path.relative_to(base).parts)


def _text(given: Any) -> str:
    if not isinstance(given, str | Path):
        raise ValueError("should be a path or a URL")
    return str(given)


def _held(path: Path, name: str) -> HeldFile:
    try:
        return HeldFile(name, path, file_id(path))
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from error


def _of_url(url: str, root: Path, info: ValidationInfo) -> HeldFile:
    notice = (info.context or {}).get("notice", str)
    return HeldFile(without_secrets(url), *fetched(url, root / FETCHED, _pin(info), notice))


def _pin(info: ValidationInfo) -> str | None:
    pin = info.data.get("sha256")
    return f"sha256:{pin.rpartition(':')[2]}" if pin else None


def _pinned(held: H, info: ValidationInfo) -> H:
    """What has the digest that the setting ``sha256`` asks for."""
    if _pin(info) not in (None, held.digest):
        raise ValueError(f"{held.name} has the digest {held.digest}, and 'sha256' asks for {_pin(info)}")
    return held


def _recorded(held: HeldFile | HeldFiles) -> dict[str, str]:
    return RecordedFile(held.name, held.digest)._asdict()


DataFile = Annotated[HeldFile, PlainValidator(_file, json_schema_input_type=Path), PlainSerializer(_recorded)]
"""A file by its path from the project file, or by a URL that fsspec opens, which is fetched once.

It is recorded by its digest. A setting ``sha256`` that stands before it is the digest that it must have.
"""

DataFiles = Annotated[HeldFiles, PlainValidator(_files, json_schema_input_type=Path), PlainSerializer(_recorded)]
"""A file, the files in a directory, or those that a pattern such as ``chats/**/*.txt`` matches; hidden ones are not.

Recorded and pinned as a :data:`DataFile` is; the digest of several is that of their names and bytes.
"""
