"""The metadata of a model card as the Hugging Face Hub reads it, as a plain dict for a YAML library to write.

Keys and their meaning: https://github.com/huggingface/hub-docs/blob/main/modelcard.md
"""

from __future__ import annotations

from typing import Any

from qlora_gov.records import Absent, Interval
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.context.findings import MeasurementLine, RuleLine
from qlora_gov.reports.card.hub_licences import hub_licence
from qlora_gov.text import one_line


def hub_metadata(context: CardContext) -> dict[str, Any]:
    """The card's metadata: plain JSON values, every text on one line.

    ``base_model`` names a model on the hub and is left out where the base has no name there. Data sets of a project
    are not on the hub either: the evaluation set stands in ``model-index`` under its digest, ``datasets`` is left out.
    """
    about, base = context.about, context.base
    hub_id = base if isinstance(base, Absent) else base.hub_id
    lines = (*context.measurements, *(line.rate for line in context.detectors))
    metadata = {
        "language": list(about.language),
        **hub_licence(about.licence, about.licence_link),
        "library_name": "peft",
        **({} if isinstance(hub_id, Absent) else {"base_model": hub_id}),
        "base_model_relation": "adapter",
        "pipeline_tag": "text-generation",
        "tags": ["lora", "qlora-gov", f"decision-{context.decision.outcome.lower()}"],
        "metrics": sorted({line.name for line in lines}),
        **_model_index(context, lines),
    }
    return {key: _one_lined(value) for key, value in metadata.items()}


def _model_index(context: CardContext, lines: tuple[MeasurementLine, ...]) -> dict[str, Any]:
    """The candidate's measurements. The hub wants a value in each, so that one without is left to the card's text."""
    metrics = [
        {
            "type": line.name,
            "name": line.metric.name,
            "value": line.candidate.value,
            "args": _arguments(line, context),
        }
        for line in lines
        if not isinstance(line.candidate.value, Absent)
    ]
    if not metrics:
        return {}
    data = context.evaluation_data
    dataset = {
        "type": "project",
        "name": f"{context.about.title}: held-out evaluation set",
        "revision": data.digest,
        "args": {"rows": data.rows, "groups": data.groups},
    }
    task = {"type": "text-generation", "name": "Text generation"}
    return {
        "model-index": [
            {
                "name": context.about.title,
                "results": [{"task": task, "dataset": dataset, "metrics": metrics}],
            }
        ]
    }


def _arguments(line: MeasurementLine, context: CardContext) -> dict[str, Any]:
    """What stands behind a value: how many rows, whose code, whose claim, and what rules tested.

    An interval beside the value itself is the one that a rule on the candidate alone has tested, such as a limit; that
    of any other rule is of its contrast, often a difference to the champion, and stands with it.
    """
    rules = [rule for rule in context.decision.rules if rule.rule.metric == line.name]
    alone = [rule.interval for rule in rules if rule.contrast_kind == "value" and isinstance(rule.interval, Interval)]
    claims = [f"{one.claim.tool} {one.claim.version}" for one in context.claims if one.side == "candidate"]
    return {
        **(_interval(alone[0]) if alone else {}),
        "n": line.candidate.scored,
        "plugin": line.metric.distribution,
        "plugin_version": line.metric.version,
        **({"claimed_by": f"log of {claims[0]}"} if claims else {}),
        "tests": [_test(rule) for rule in rules],
    }


def _test(rule: RuleLine) -> dict[str, Any]:
    """One rule's test; what it did not give is left out, as the hub has no word for it."""
    test = {
        "rule": rule.rule.name,
        "against": rule.rule.against,
        "outcome": rule.outcome,
        "of": rule.contrast,
        "estimate": rule.estimate,
        **(_interval(rule.interval) if isinstance(rule.interval, Interval) else {}),
        "threshold": rule.threshold,
        "alpha": rule.alpha,
        "bound": rule.bound,
        "n": rule.rows,
        "clusters": rule.clusters,
    }
    return {key: value for key, value in test.items() if not isinstance(value, Absent | None)}


def _interval(interval: Interval) -> dict[str, Any]:
    ends = {"ci_low": interval.low, "ci_high": interval.high}
    given = {name: end for name, end in ends.items() if end is not None}
    return {**given, "ci_level": interval.level, "method": interval.method}


def _one_lined(value: Any) -> Any:
    match value:
        case str():
            return one_line(value).strip()
        case list():
            return [_one_lined(item) for item in value]
        case dict():
            return {key: _one_lined(item) for key, item in value.items()}
    return value
