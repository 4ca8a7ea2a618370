"""The files and directories of a project that a component's settings name."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from qlora_gov.plugin.settings import recorded_file


def files_named(settings: Mapping[str, JsonValue]) -> dict[str, str]:
    """Paths to digests, by the names of the settings."""
    return dict(file for name in sorted(settings) if (file := recorded_file(settings[name])))
