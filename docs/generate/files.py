"""Which files are generated, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from docs.generate import cli, hooks, project_file, project_schema, template_context
from qlora_gov.plugin.catalog import Catalog
from qlora_gov.plugin.host import load_catalog
from qlora_gov.records.released import DISTRIBUTION

ROOT = Path(__file__).parents[2]


def generated() -> Mapping[str, str]:
    """Each file's text by its path from the repository's root."""
    schema = project_schema.schema(first_party())
    return {
        "qlora_gov/project/project.schema.json": project_schema.text(schema),
        "docs/reference/project-file.md": project_file.page(first_party()),
        "docs/reference/cli.md": cli.page(),
        "docs/reference/hooks.md": hooks.page(),
        "docs/reference/template-context.md": template_context.page(),
    }


def first_party() -> Catalog:
    """The components that come with the product, whatever else is installed."""
    return Catalog(entry for entry in load_catalog() if entry.plugin.distribution == DISTRIBUTION)
