"""Put an approved adapter where others take it from."""

from __future__ import annotations

from pathlib import Path

import click

from qlora_gov.cli.options import author_option, open_workspace, project_options
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.release.publications import publish_adapter


@click.command("publish")
@project_options
@click.option("--adapter", metavar="ID", help="An adapter's id or its start (default: the candidate).")
@click.option(
    "--to", "url", metavar="URL", required=True, help="mlflow:URI, hub://owner/name, s3://bucket/prefix, file:///..."
)
@author_option
def command(project: Path, plugins_dirs: tuple[Path, ...], adapter: str | None, url: str, author: str | None) -> None:
    """Put an approved adapter with its card into MLflow's model registry, on the Hugging Face hub or into a store.

    Takes what `promote` takes: an approved decision, or waivers for what did not pass, that nothing has overtaken. In
    the registry it is the next version of the model of the project's title. Where it was put goes on record.
    """
    with open_workspace(project, plugins_dirs) as space:
        publication = publish_adapter(Pipeline(space), adapter, url, author)
    click.echo(f"published: adapter {publication.adapter} to {publication.place}")
