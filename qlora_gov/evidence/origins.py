"""Which file of the project a row of a dataset came from: rows once stated the file's name alone, with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from qlora_gov.canonical import file_id
from qlora_gov.plugin.fetching import is_url
from qlora_gov.plugin.settings import RecordedFile, recorded_file
from qlora_gov.records import DatasetVersion
from qlora_gov.records.example import Example

_FILE_AND_LINE = re.compile(r"(?P<file>.+):(?P<line>[1-9][0-9]{0,8})", re.DOTALL)


def origin(example: Example, dataset: DatasetVersion, root: Path) -> str | None:
    """The path from the project's directory, with forward slashes, of the file that holds the row.

    It is one that a source of the dataset names: that with the path which the row states, by itself or among others, or
    else with the name. Of several files of one name it is the one that holds the row's text on that line and has not
    changed since; None where that cannot be told, or where the source is no file.
    """
    found = _FILE_AND_LINE.fullmatch(example.source)
    if found is None:
        return None
    named = list(_files(dataset))
    if any(_is_among(found["file"], file.path) for file in named):
        return found["file"]
    files = [file for file in named if file.path == found["file"]]
    files = files or [file for file in named if PurePosixPath(file.path).name == found["file"]]
    if len(files) > 1:
        held = {file: _held(example, root / file.path, file.digest, int(found["line"])) for file in files}
        most = max(held.values())
        files = [file for file in files if most and held[file] == most]
    return files[0].path if len(files) == 1 else None


def _is_among(path: str, named: str) -> bool:
    """Whether a file is in a directory, or one of those that a pattern matches."""
    return path.startswith(f"{named}/") or (path != named and fnmatchcase(path, named.replace("**/", "")))


def _files(dataset: DatasetVersion) -> Iterator[RecordedFile]:
    """The files that the sources name by a path, each once."""
    settings = (value for source in dataset.sources for value in source.component.settings.values())
    found = (file for value in settings if (file := recorded_file(value)))
    yield from dict.fromkeys(file for file in found if not is_url(file.path))


def _held(example: Example, path: Path, digest: str, line: int) -> int:
    """How many of the row's turns stand on the line of a file; curation may have changed some of them since."""
    try:
        if file_id(path) != digest:
            return 0
        with path.open("rb") as stream:
            text = next((text for at, text in enumerate(stream, start=1) if at == line), b"")
        held = set(_texts(json.loads(text.decode("utf-8-sig"))))
    except (OSError, ValueError, RecursionError):
        return 0
    return sum(message.content in held for message in example.messages)


def _texts(value: Any) -> Iterator[str]:
    """Every text within a JSON value."""
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
