"""The data card of an exported version: Markdown that the Hugging Face hub and people read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from qlora_gov.records import Absent
from qlora_gov.reports.card.hub_licences import hub_licence
from qlora_gov.reports.card.markdown import card_environment
from qlora_gov.reports.dataset.description import DataDescription
from qlora_gov.reports.rendering.templates import from_template
from qlora_gov.text import one_line

TEMPLATE = "dataset.md.jinja"


def render_data_card(description: DataDescription, templates: Path | None = None) -> str:
    """The card's text; templates and errors are those of :func:`from_template`."""
    values = {name: getattr(description, name) for name in DataDescription.model_fields}
    body = from_template(TEMPLATE, card_environment, values, templates)
    metadata = yaml.safe_dump(hub_metadata(description), sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{metadata}---\n\n{body.text}"


def hub_metadata(description: DataDescription) -> dict[str, Any]:
    """What the hub reads of a data set (https://github.com/huggingface/hub-docs/blob/main/datasetcard.md).

    What came from where, and what was dropped, are further configurations, so that the hub shows them too.
    """
    others = [file for file in description.columns if file != "rows"]
    return {
        **({"language": list(description.languages)} if description.languages else {}),
        **_licence(description.licences),
        "pretty_name": one_line(f"{description.project}: {description.role} data"),
        "task_categories": ["text-generation"],
        "tags": ["qlora-gov"],
        "configs": [
            _config("default", description.split, "rows"),
            *(_config(file, description.split, file) for file in others),
        ],
    }


def _config(name: str, split: str, file: str) -> dict[str, Any]:
    return {"config_name": name, "data_files": [{"split": split, "path": f"{file}.parquet"}]}


def _licence(licences: tuple[str | Absent, ...]) -> dict[str, Any]:
    """One licence with its name, or the hub's identifiers of several."""
    told = [{"license": "unknown"} if isinstance(one, Absent) else hub_licence(one) for one in licences]
    if len(told) == 1:
        return dict(told[0])
    return {"license": sorted({one["license"] for one in told})}
