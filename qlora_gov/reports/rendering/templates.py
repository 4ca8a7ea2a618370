"""Rendering a report: values and a template in, text and the digests of the templates out.

A format brings its own environment: how a value is printed and escaped, and which filters its templates have.
"""

from __future__ import annotations

import importlib.resources
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from qlora_gov.canonical import file_id
from qlora_gov.errors import ProjectError
from qlora_gov.records import Absent
from qlora_gov.reports.rendering.digits import interval_places
from qlora_gov.reports.rendering.figures import percent, setting_lines
from qlora_gov.reports.rendering.words import roughly, rounded

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class RenderedCard:
    """A card's text, and the digest of each template file that it was rendered from."""

    text: str
    templates: Mapping[str, str]


class RecordingLoader(jinja2.BaseLoader):
    """Loads templates from directories, the first that has one, and keeps the digest of each file it loaded."""

    def __init__(self, *directories: Path) -> None:
        self._directories = directories
        self._inner = jinja2.ChoiceLoader([jinja2.FileSystemLoader(directory) for directory in directories])
        self.digests: dict[str, str] = {}

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """The template's text, as Jinja asks for it."""
        try:
            source, filename, uptodate = self._inner.get_source(environment, template)
        except UnicodeDecodeError as error:
            path = next(file for directory in self._directories if (file := directory / template).is_file())
            line = error.object[: error.start].count(b"\n") + 1
            raise jinja2.TemplateSyntaxError("it is not UTF-8; save it so", line, template, str(path)) from error
        assert filename is not None, "a template in a directory is a file"
        self.digests[template] = file_id(Path(filename))
        return source, filename, uptodate


def installed_templates() -> Path:
    """The directory of the templates that come with the installation."""
    return Path(str(importlib.resources.files("qlora_gov_reports"))) / "templates"


def environment(loader: jinja2.BaseLoader, printed: Callable[[Any], Markup]) -> jinja2.Environment:
    """Jinja for a format whose values are ``printed`` and escaped so; a name that does not exist is an error.

    Autoescape makes macros and blocks hand on text that is already safe, which ``printed`` then leaves alone.
    """
    jinja = jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        finalize=printed,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters.update(percent=percent, settings=setting_lines, to=rounded, about=roughly, places=interval_places)
    jinja.tests["absent"] = lambda value: isinstance(value, Absent)
    return jinja


def from_template(
    name: str,
    make_environment: Callable[[jinja2.BaseLoader], jinja2.Environment],
    values: Mapping[str, Any],
    templates: Path | None,
) -> RenderedCard:
    """Render one template and what it includes.

    A project's own ``templates`` directory stands before the installed one. Raises ProjectError that names the
    file and line where one of its templates is at fault.
    """
    if templates is not None and not templates.is_dir():
        raise ProjectError(f"no such templates directory: {templates}")
    loader = RecordingLoader(*([templates] if templates else []), installed_templates())
    try:
        text = make_environment(loader).get_template(name).render(values)
    except Exception as error:
        file, line = _place(error)
        if templates is None or not file.is_relative_to(templates):
            raise
        raise ProjectError(f"{file}:{line}: the template cannot be rendered: {error}") from error
    if templates is not None and (half := _SURROGATE.search(text)) is not None:
        line = text.count("\n", 0, half.start()) + 1
        raise ProjectError(
            f"{templates / name}: line {line} of what it renders holds half a surrogate pair: {half[0]!a}"
        )
    return RenderedCard(text, dict(sorted(loader.digests.items())))


def _place(error: Exception) -> tuple[Path, int]:
    """The template's file and line: a syntax error knows them, any other has them in its traceback."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return Path(error.filename or ""), error.lineno
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".jinja")]
    return (Path(frames[-1].filename), frames[-1].lineno or 0) if frames else (Path(), 0)
