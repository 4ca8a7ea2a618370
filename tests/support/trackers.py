"""A store of MLflow in a file, for runs and for its registry."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def address_of(database: Path) -> str:
    return f"sqlite:///{database}"


def make_mlflow_database(directory: Path) -> Path:
    """An empty store, which takes MLflow seconds to make; what is kept there beside it lies in the directory."""
    from mlflow import MlflowClient

    database = directory / "mlflow.db"
    MlflowClient(address_of(database)).search_experiments()
    return database


@contextmanager
def mlflow_store(empty: Path, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a copy of an empty store, which MLflow reports to for the length of a block."""
    import mlflow

    uri = address_of(Path(shutil.copy(empty, directory)))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    mlflow.set_tracking_uri(uri)
    try:
        yield uri
    finally:
        while mlflow.active_run() is not None:
            mlflow.end_run()
        mlflow.set_tracking_uri(None)
