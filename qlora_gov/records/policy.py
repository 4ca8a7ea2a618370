"""The rules that a project releases by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from qlora_gov.canonical import content_id
from qlora_gov.records.component import Component
from qlora_gov.records.record import Frozen, Record

Against = Literal["champion", "reference"]
"""Whom a rule compares with."""

Judged = Literal["metric", "answers", "data"]
"""What a rule judges: the values of a metric, whether the answers themselves differ, or what was trained on.

Of a rule without a metric it is what stands for one.
"""

LooksBy = Literal["set", "row"]
"""What looks are counted by: whole sets, or rows, whichever sets they were in."""

Unread = Literal["scored", "left_out"]
"""What becomes of rows of text that a metric does not read."""


class Rule(Frozen):
    """One rule of a policy: the gate that judges, what it judges, and against whom."""

    name: str = Field(description="unique in its policy; by it a rule is required, waived and reported")
    gate: Component = Field(description="what judges")
    metric: str = Field(description="the name of a measurement, or 'answers' or 'data' where it judges these")
    measured: Component | None = Field(
        default=None, description="what the name stands for, settings and source with it"
    )
    against: Against = Field(default="champion", description="whom it compares with")
    where: Mapping[str, str] = Field(default_factory=dict, description="labels of the rows that it judges; none: all")
    judges: Judged = Field(default="metric", description="a measurement, the answers themselves, or the training data")

    accept_vacuous: str | None = Field(
        default=None, description="why the project keeps a rule that says nothing of a candidate"
    )

    @property
    def component(self) -> str:
        """The name of what measures what it judges, whatever the project calls that and whichever version it is."""
        return self.measured.name if self.measured else self.metric

    @property
    def terms(self) -> dict[str, Any]:
        """What the rule demands, whichever version of its components is installed."""
        components = {"gate": self.gate.identity, "measured": self.measured and self.measured.identity}
        return self.model_dump(mode="json", exclude_defaults=True) | components


class Policy(Record):
    """The rules a candidate must pass, recorded before the evaluation that they judge.

    One whose ``purpose`` is a regression is what a champion breaks when it has become worse than its fallback.
    """

    kind = "policy"
    purpose: Literal["release", "regression"] = "release"
    rules: tuple[Rule, ...]
    required: tuple[str, ...] = Field(
        default=(), description="names of rules that must be there and pass: neither tolerated nor waived"
    )
    inconclusive: Literal["blocks", "tolerated"] = "blocks"
    further_looks: Literal["halve_alpha", "fresh_rows", "count"] = "halve_alpha"
    looks_by: LooksBy = Field(
        default="set",
        description="what looks are counted by: whole sets, or rows, whichever sets they were in; by rows, a gate that "
        "does not heed the smaller alpha of a further look cannot pass",
    )
    reference: str | None = Field(default=None, description="'base', or the id of the pinned adapter")
    unread: Unread = Field(
        default="scored",
        description="what becomes of rows of text that a metric does not read: scored all the same, with a notice, or "
        "left out, so that they close the gate",
    )

    @property
    def terms(self) -> str:
        """The digest of what the policy demands: whether it is in force, or may promote, compares these."""
        return content_id(self.content() | {"rules": [rule.terms for rule in self.rules]})

    @property
    def narrow_slices(self) -> tuple[str, ...]:
        """Rules on slices whose margin is not wider than that of the same rule on all rows, each as a sentence.

        A slice has fewer rows than the whole, so that it hardly ever shows as narrow a margin.
        """
        whole = [rule for rule in self.rules if "margin" in rule.gate.settings and "by" not in rule.gate.settings]
        return tuple(
            f"{rule.name!r} allows a slice by {rule.gate.settings['by']} a margin of {_margin(rule):g}, and "
            f"{other.name!r} allows all rows {_margin(other):g}: slices have fewer rows, and take a wider one."
            for rule in self.rules
            for other in whole
            if "by" in rule.gate.settings and _alike(rule, other) and _margin(rule) <= _margin(other)
        )

    @model_validator(mode="after")
    def _consistent(self) -> Policy:
        names = [rule.name for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules are named {twice[0]!r}; give one another name with 'name:'")
        if missing := [name for name in self.required if name not in names]:
            these = "required rule {} is" if len(missing) == 1 else "required rules {} are"
            unknown = these.format(", ".join(map(repr, missing)))
            raise ValueError(f"{unknown} not among the rules ({', '.join(names) or 'none'})")
        compared = any(rule.against == "reference" for rule in self.rules)
        if compared != (self.reference is not None):
            what = (
                "a rule is against the reference, but none is named" if compared else "no rule is against the reference"
            )
            raise ValueError(what)
        return self


def _alike(rule: Rule, other: Rule) -> bool:
    """Whether two rules judge the same rows on the same metric, by margins of one kind."""
    said = [(one.metric, one.against, dict(one.where), one.gate.settings.get("kind")) for one in (rule, other)]
    return said[0] == said[1]


def _margin(rule: Rule) -> float:
    """The least margin that a rule allows; infinite where it has none."""
    single = rule.gate.settings.get("margins")
    margins = [rule.gate.settings.get("margin"), *(single.values() if isinstance(single, dict) else ())]
    return min((float(one) for one in margins if isinstance(one, int | float)), default=math.inf)
