"""The files and directories of a project that a component's settings name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import JsonValue

_CONTENT_ID = re.compile(r"sha256:[0-9a-f]{64}")


def project_files(settings: Mapping[str, JsonValue]) -> dict[str, str]:
    """Paths to digests, as ``ProjectFile`` and ``ProjectDirectory`` record them, by the names of the settings."""
    files = {}
    for name in sorted(settings):
        match settings[name]:
            case {"path": str(path), "digest": str(digest), **more} if not more and _CONTENT_ID.fullmatch(digest):
                files[path] = digest
    return files
