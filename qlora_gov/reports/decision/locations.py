"""Where SARIF results are: files as percent-encoded relative references, with a line where one is known."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from qlora_gov.reports.decision.regressed import RegressedRow

BASES = {
    "SRCROOT": {"description": {"text": "The root of the repository that holds the project file."}},
    "SOURCES": {"description": {"text": "Where data lies of which only a file's name is known, or an address."}},
}
"""What relative references are relative to. Absolute addresses would tell of a machine, and are not given."""

_FILE_AND_LINE = re.compile(r"(?P<file>.+):(?P<line>[1-9][0-9]{0,8})", re.DOTALL)


def project_location(project: str) -> dict[str, Any]:
    """The project file as a whole; its first line stands for it, since some readers want one."""
    return _location(project, "SRCROOT", 1)


def row_location(row: RegressedRow) -> dict[str, Any]:
    """Where a row came from: from the repository's root where its file is known."""
    found = _FILE_AND_LINE.fullmatch(row.place)
    if row.file is None or found is None:
        return source_location(row.source)
    return _location(row.file, "SRCROOT", int(found["line"]))


def source_location(source: str) -> dict[str, Any]:
    """Where an example came from: the file and line of ``file:line``, else its address as a whole."""
    found = _FILE_AND_LINE.fullmatch(source)
    return _location(found["file"], "SOURCES", int(found["line"])) if found else _location(source, "SOURCES", None)


def _location(file: str, base: str, line: int | None) -> dict[str, Any]:
    relative = file.rpartition("/")[2] if file.startswith("/") else file
    artifact = {"uri": quote(relative) or ".", "uriBaseId": base}
    region = {} if line is None else {"region": {"startLine": line}}
    return {"physicalLocation": {"artifactLocation": artifact, **region}}
