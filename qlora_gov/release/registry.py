"""MLflow's model registry: what is pushed are the artefacts of a run, and a version of a model that names them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qlora_gov.errors import IntegrityError, MissingExtraError, UsageError
from qlora_gov.plugin.fetching import without_secrets
from qlora_gov.plugin.specs import Progress
from qlora_gov.release.stores import reaching
from qlora_gov.reports.dataset.manifest import Manifest
from qlora_gov.verification.exports import published_problems

SCHEME = "mlflow:"
_FOLDER = "adapter"
_DIGEST = "qlora_gov.digest"


class MlflowRegistry:
    """The registry behind ``mlflow:URI``, such as ``mlflow:https://host`` or ``mlflow:sqlite:////srv/mlflow.db``.

    A version is made last, of a run whose artefacts have been read back: what a killed push leaves is no version.
    """

    def __init__(self, address: str, model: str, facts: Mapping[str, str], metrics: Mapping[str, float]) -> None:
        """``facts`` become tags of the version of ``model``, ``metrics`` those of its run.

        Raises UsageError for an address with a password, MissingExtraError where MLflow is not installed.
        """
        uri = address.removeprefix(SCHEME)
        try:
            self._shown = without_secrets(uri)
        except ValueError as error:
            raise UsageError(f"the URI of the registry {error}") from error
        if not uri:
            raise UsageError(f"{address}: write it as mlflow:URI, such as mlflow:https://host")
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise MissingExtraError('the registry needs MLflow; run: pip install "qlora-gov[mlflow]"') from error
        self._model = re.sub(r"[/:]", "-", model)  # which no name there can hold
        self._facts = {f"qlora_gov.{name}": value for name, value in facts.items()}
        self._metrics = {re.sub(r"[^\w./ -]", "_", name, flags=re.ASCII): value for name, value in metrics.items()}
        with reaching(self._shown):
            self._client = MlflowClient(uri, uri)

    def push(self, folder: Path, manifest: Manifest, progress: Progress) -> str:
        """Upload an adapter's files, read them back, and make a version of the model; which one of what.

        Where a version of these files is there already, none is made.

        Raises:
            IntegrityError: what can be read there is not what was uploaded.
            StorageError: the registry cannot be reached or written.
        """
        progress.begin("publishing", 1)
        with reaching(self._shown):
            run = self._held(manifest.version)
            if run is not None:
                self._read_back(run.run_id, manifest, folder.parent)
                return self._place(run.version)
            made = self._uploaded(folder)
            self._read_back(made.info.run_id, manifest, folder.parent)
            version = self._client.create_model_version(
                self._model,
                f"{made.info.artifact_uri}/{_FOLDER}",
                run_id=made.info.run_id,
                tags={**self._facts, _DIGEST: manifest.version},
                description=f"Its model card is {_FOLDER}/README.md among the artefacts of its run.",
            )
        progress.advance(1)
        return self._place(version.version)

    def _held(self, digest: str) -> Any:
        """The version of the model that has a digest; None where there is none."""
        if not self._client.search_registered_models(f"name = '{_quoted(self._model)}'"):
            self._client.create_registered_model(self._model)
        versions = self._client.search_model_versions(f"name = '{_quoted(self._model)}'")
        return next((one for one in versions if one.tags.get(_DIGEST) == digest), None)

    def _uploaded(self, folder: Path) -> Any:
        """A finished run with metrics and files, in the experiment of the model's name."""
        experiment = self._client.get_experiment_by_name(self._model)
        where = experiment.experiment_id if experiment else self._client.create_experiment(self._model)
        run = self._client.create_run(where, run_name=f"publish {self._model}", tags=self._facts)
        for name, value in self._metrics.items():
            self._client.log_metric(run.info.run_id, name, value)
        self._client.log_artifacts(run.info.run_id, str(folder), _FOLDER)
        self._client.set_terminated(run.info.run_id)
        return run

    def _read_back(self, run: str, manifest: Manifest, work: Path) -> None:
        with tempfile.TemporaryDirectory(dir=work) as copy:
            there = self._client.download_artifacts(run, _FOLDER, copy)
            for problem in published_problems(Path(there), manifest):
                raise IntegrityError(f"{self._shown}, run {run}: {Path(problem.where).name}: {problem.what}")

    def _place(self, version: str | int) -> str:
        return f"{SCHEME}{self._shown}, models:/{self._model}/{version}"


def _quoted(name: str) -> str:
    return name.replace("'", "''")
