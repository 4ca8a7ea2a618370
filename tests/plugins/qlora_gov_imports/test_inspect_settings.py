"""What of a log of Inspect must be the same for two to be compared."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.inspect_logs import log_of

pytest.importorskip("inspect_ai")
SPEC = {
    "task_version": 1,
    "task_args": {"shots": 0},
    "config": {"epochs": 1, "log_samples": True, "max_samples": 4},
    "scorers": [{"name": "match", "options": {"location": "end"}}],
    "model_roles": {"grader": {"model": "openai/judge", "config": {"timeout": 9}, "base_url": "http://a", "args": {}}},
    "model_generate_config": {"max_tokens": 8, "timeout": 30},
    "packages": {"inspect_evals": "1"},
    "plan": {"steps": [{"solver": "system_message", "params": {"template": "Be brief."}}, {"solver": "generate"}]},
}


def changes(**spec: Any) -> set[str]:
    """The names of the settings in which a log with another spec differs."""
    from qlora_gov_imports.inspect_settings import log_settings

    one, other = log_settings(log_of(**SPEC)), log_settings(log_of(**SPEC | spec))
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


def steps(template: str, last: str = "generate", **params: Any) -> dict[str, Any]:
    """A plan."""
    return {
        "steps": [
            {"solver": "system_message", "params": {"template": template}},
            {"solver": last, "params": params},
        ]
    }


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({"task_version": 2}, "task_version"),
        ({"task_args": {"shots": 5}}, "task_args.shots"),
        ({"packages": {"inspect_evals": "2"}}, "package.inspect_evals"),
        ({"config": {"epochs": 1, "limit": 9}}, "limit"),
        ({"config": {"epochs": 1, "epochs_reducer": ["max"]}}, "epochs_reducer"),
        ({"config": {"epochs": 1, "token_limit": 9}}, "token_limit"),
        ({"model_generate_config": {"max_tokens": 1024}}, "generate.max_tokens"),
        ({"model_generate_config": {"max_tokens": 8, "temperature": 1.0}}, "generate.temperature"),
        ({"plan": SPEC["plan"] | {"config": {"max_tokens": 1024}}}, "generate.max_tokens"),  # type: ignore[operator]
        ({"plan": steps("Be long.")}, "solver 1 (system_message).template"),
        ({"plan": steps("Be brief.", max_tokens=3)}, "solver 2 (generate).max_tokens"),
        ({"plan": steps("Be brief.", "other")}, "solvers"),
        ({"scorers": [{"name": "match", "options": {"location": "any"}}]}, "scorer match.location"),
        ({"model_roles": {"grader": {"model": "openai/other"}}}, "role grader"),
    ],
)
def test_each_setting_that_changes_answers_or_scores_is_told(spec: dict[str, Any], name: str) -> None:
    assert changes(**spec) == {name}


@pytest.mark.parametrize(
    "spec",
    [
        {"model": "mockllm/other", "model_args": {"device": "cpu"}, "model_base_url": "http://b"},
        {"model_generate_config": {"max_tokens": 8, "max_retries": 3, "extra_headers": {"key": "secret"}}},
        {"model_generate_config": {"max_tokens": 9}, "plan": SPEC["plan"] | {"config": {"max_tokens": 8}}},  # type: ignore[operator]
        {"config": {"epochs": 1, "log_samples": False, "max_samples": 64, "retry_on_error": 3}},
        {"model_roles": {"grader": {"model": "openai/judge", "base_url": "http://b", "args": {"a": 1}}}},
        {"plan": steps("Be brief.", timeout=9, cache=True)},
    ],
)
def test_who_answered_and_how_requests_were_sent_is_not_read(spec: dict[str, Any]) -> None:
    assert changes(**spec) == set()
