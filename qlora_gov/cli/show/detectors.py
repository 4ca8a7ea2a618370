"""What is known of a project's detectors, on the terminal."""

from __future__ import annotations

import click

from qlora_gov.cli.show.notices import show_notice
from qlora_gov.project.binding import BoundProject
from qlora_gov.project.cautions import measured_detectors, project_cautions
from qlora_gov.text import one_line


def show_cautions(bound: BoundProject) -> None:
    """Print a line for each sort of text that a step drops though it should stay, where warnings go."""
    for line in project_cautions(bound):
        show_notice(line)


def show_detectors(bound: BoundProject) -> None:
    """Print what the project's detectors were measured to find and to flag."""
    for line in measured_detectors(bound):
        click.echo(f"measured: {one_line(line)}")
