"""Reporting a training to experiment trackers, by transformers' own callbacks, and where its run is found there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import get_reporting_integration_callbacks

from qlora_gov_trainers.settings import Nf4QloraSettings


class Tracking(TrainerCallback):  # type: ignore[misc]
    """The trackers of a recipe. As a context, it ends their runs, also where the training fails.

    Attributes:
        addresses: where the run is found, by tracker: a URL, or a store and the run in it. There once it has begun.
    """

    def __init__(self, settings: Nf4QloraSettings) -> None:
        """Raises ValueError for a tracker that the installed transformers no longer reports to."""
        names = list(dict.fromkeys(settings.trackers))
        reporting = zip(names, get_reporting_integration_callbacks(names), strict=True)
        self._callbacks = {name: callback() for name, callback in reporting}
        self._recipe = settings.model_dump(mode="json")
        self.addresses: dict[str, str] = {}

    @property
    def callbacks(self) -> list[TrainerCallback]:
        """For transformers' trainer, in this order: a run has an address once its own callback has begun it."""
        return [*self._callbacks.values(), self]

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Note the addresses. Only one of several processes reports."""
        if state.is_world_process_zero:
            self.addresses = {name: _BEGUN[name](one, self._recipe) for name, one in self._callbacks.items()}

    def __enter__(self) -> Tracking:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name in self.addresses:
            if name in _END:
                _END[name](error is not None)


def _mlflow_begun(callback: Any, recipe: Mapping[str, Any]) -> str:
    import mlflow

    # The other trackers' callbacks report what peft was configured with; MLflow's does not.
    mlflow.log_params({f"recipe.{name}": value for name, value in recipe.items()})
    return f"{mlflow.get_tracking_uri()}, run {mlflow.active_run().info.run_id}"


def _mlflow_end(failed: bool) -> None:
    import mlflow

    mlflow.flush_async_logging()
    if mlflow.active_run() is not None:
        mlflow.end_run("FAILED" if failed else "FINISHED")


def _neptune_begun(callback: Any, recipe: Mapping[str, Any]) -> str:
    return str(callback.run.get_url())


def _trackio_begun(callback: Any, recipe: Mapping[str, Any]) -> str:
    import trackio

    run = trackio.context_vars.current_run.get()
    space = trackio.context_vars.current_space_id.get()
    return f"{space or trackio.utils.TRACKIO_DIR}, run {run.project}/{run.name}"


def _wandb_begun(callback: Any, recipe: Mapping[str, Any]) -> str:
    import wandb

    return wandb.run.url or f"{wandb.run.dir}, run {wandb.run.id}"  # without a network, it has no URL


def _wandb_end(failed: bool) -> None:
    import wandb

    wandb.finish(exit_code=int(failed))  # its callback leaves it open, and another training would go on with it


_BEGUN: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "mlflow": _mlflow_begun,
    "neptune": _neptune_begun,
    "trackio": _trackio_begun,
    "wandb": _wandb_begun,
}
_END: Mapping[str, Callable[[bool], None]] = {"mlflow": _mlflow_end, "wandb": _wandb_end}
