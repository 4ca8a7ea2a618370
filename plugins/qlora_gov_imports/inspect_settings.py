"""How Inspect asked for answers and scored them, as far as that makes other numbers.

Not read are the model and its arguments, paths, and how requests were sent: in parallel, again, cached, or in batches.
A solver that calls others shows its own parameters alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from qlora_gov_imports.canonical import settings

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

_SENDING = frozenset(
    {
        "adaptive_connections",
        "attempt_timeout",
        "batch",
        "cache",
        "cache_prompt",
        "extra_headers",  # they may hold a key
        "max_connections",
        "max_retries",
        "stream_idle_timeout",
        "timeout",
        # what is logged beside an answer
        "logprobs",
        "prompt_logprobs",
        "top_logprobs",
    }
)
"""How requests are sent and logged, wherever it stands: as a generate config's or a solver's argument."""

_LIMITS = (
    "limit",
    "epochs",
    "epochs_reducer",
    # A sample that reaches one of these is scored as it stands, where a request that takes too long is sent again.
    "message_limit",
    "token_limit",
    "token_limit_type",
    "turn_limit",
    "time_limit",
    "working_limit",
    "cost_limit",
    "score_on_error",
)
"""What of an eval config changes answers or scores."""

_WHERE = frozenset({"args", "base_url", "model_args"})
"""What says of a model that grades where it runs and how it is held."""


def log_settings(log: EvalLog) -> dict[str, Any]:
    """The settings of one log."""
    return dict(_all(log))


def _all(log: EvalLog) -> Iterator[tuple[str, Any]]:
    spec, config = log.eval, log.eval.config.model_dump(mode="json")
    yield from settings("task_version", spec.task_version)
    yield from settings("package", {name: one for name, one in spec.packages.items() if name != "inspect_ai"})
    yield from settings("task_args", _kept(spec.task_args))
    for name in _LIMITS:
        yield from settings(name, config.get(name))
    # The task's and the command's arguments take precedence over those of the model.
    generate = spec.model_generate_config.merge(log.plan.config).model_dump(mode="json")
    yield from settings("generate", _kept(generate))
    yield from _solvers(log)
    yield from _scorers(log)


def _solvers(log: EvalLog) -> Iterator[tuple[str, Any]]:
    steps = [*log.plan.steps, *([log.plan.finish] if log.plan.finish else [])]
    yield from settings("solvers", ", ".join(step.solver for step in steps))
    for number, step in enumerate(steps, start=1):  # a solver may stand there twice
        yield from settings(f"solver {number} ({step.solver})", _kept(step.params))


def _scorers(log: EvalLog) -> Iterator[tuple[str, Any]]:
    """Arguments of scorers, and the models that grade: one of another name gives other grades."""
    for scorer in log.eval.scorers or ():
        yield from settings(f"scorer {scorer.name}", _kept(scorer.options))
    for role, models in (log.eval.model_roles or {}).items():
        several = models if isinstance(models, list) else [models]
        yield from settings(f"role {role}", _kept([model.model_dump(mode="json") for model in several]))


def _kept(value: Any) -> Any:
    """A value without how requests are sent, and in which a model is named without where it runs."""
    if isinstance(value, list):
        return [_kept(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    left_out = _SENDING | _WHERE if "model" in value else _SENDING
    return {name: _kept(one) for name, one in value.items() if name not in left_out}
