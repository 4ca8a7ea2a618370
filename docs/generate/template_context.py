"""The page on templates: which there are, how a project overrides one, and every object that one is given."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.generate.markdown import code, document, prose, table
from docs.generate.python_types import annotation_words, models_in, properties_of
from docs.generate.templates import TEMPLATES, Template
from qlora_gov.records import Absent
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.changelog.context import Changelog
from qlora_gov.reports.dataset.description import DataDescription
from qlora_gov.reports.decision.report import DecisionReport
from qlora_gov.reports.sweep.context import SweepReport

INTRODUCTION = """
Cards, changelogs, data cards, summaries and reports of sweeps are rendered by
[Jinja](https://jinja.palletsprojects.com) from the templates in `reports/templates/`. To change one, copy it into a
directory of the project, edit it, and name the directory in the project file:

```yaml
templates: templates
```

A template there stands before the installed one of the same name; what is missing there is taken from the
installation. A card records the digest of each template that it was rendered from. A name that does not exist is an
error, told with file and line. What was not measured is an `Absent`: it prints as "not measured: reason", and the
test `is absent` asks for it. All that is printed is escaped.
"""

ROOTS = (CardContext, Changelog, DataDescription, DecisionReport, SweepReport)


def page() -> str:
    """The whole page."""
    return document(
        "What a template is given",
        INTRODUCTION,
        "## Templates",
        *(part for template in TEMPLATES for part in _template(template)),
        "## Objects",
        "Every object that can be reached from a template, in the order in which it is met.",
        *(part for model in reached(ROOTS) for part in _object(model)),
    )


def _template(template: Template) -> Iterator[str]:
    yield f"### {code(template.name)}"
    what = f"{template.what[:1].upper()}{template.what[1:]}."
    if template.context:
        given = f"the fields of [{template.context.__name__}](#{template.context.__name__.lower()}) by their names"
        what += f" It is given {given}{', and besides:' if template.names else '.'}"
    yield what
    if template.names:
        yield table(("name", "type", "meaning"), ((code(name), kind, what) for name, kind, what in template.names))
    if template.context or template.names:
        yield "Filters besides Jinja's own:"
        yield table(("filter", "what it makes"), ((code(name), what) for name, what in template.filters.items()))


def reached(roots: tuple[type[BaseModel], ...]) -> list[type[BaseModel]]:
    """The models that can be reached from some of them, each before those that it holds."""
    found: dict[type[BaseModel], None] = {}
    waiting = list(roots)
    while waiting:
        model = waiting.pop(0)
        if model not in found:
            found[model] = None
            waiting[:0] = [below for field in model.model_fields.values() for below in models_in(field.annotation)]
    return list(found)


def _meaning(field: FieldInfo) -> str:
    """What a field says of itself, or else what the only model that it may hold does."""
    if field.description:
        return prose(field.description)
    models = [model for model in models_in(field.annotation) if model is not Absent]
    said = prose(getdoc(models[0])).partition(". ")[0].rstrip(".") if len(models) == 1 else ""
    return said[:1].lower() + said[1:]


def _object(model: type[BaseModel]) -> Iterator[str]:
    yield f"### {code(model.__name__)}"
    yield prose(getdoc(model))
    fields = [
        (code(name), annotation_words(field.annotation), _meaning(field)) for name, field in model.model_fields.items()
    ]
    computed = [(code(name), annotation_words(returned), prose(doc)) for name, returned, doc in properties_of(model)]
    yield table(("name", "type", "meaning"), [*fields, *computed])
