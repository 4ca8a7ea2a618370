"""Public texts that several tests screen."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest


@pytest.fixture
def bank_queries(public_data: Callable[[str], Path]) -> Sequence[str]:
    """3,080 questions of bank customers, mostly without personal data and hardly ever rude."""
    with public_data("banking77/test.csv").open(encoding="utf-8", newline="") as stream:
        return [row["text"] for row in csv.DictReader(stream)]
