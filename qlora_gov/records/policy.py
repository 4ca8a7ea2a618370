"""The rules that a project releases by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from qlora_gov.canonical import content_id
from qlora_gov.records.component import Component
from qlora_gov.records.record import Frozen, Record

Against = Literal["champion", "reference"]
"""Whom a rule compares with."""

Judged = Literal["metric", "answers"]
"""What a rule judges: the values of a metric, or whether the answers themselves differ."""

ANSWERS = "answers"
"""What stands for the metric of a rule on the answers themselves."""


class Rule(Frozen):
    """One rule of a policy: the gate that judges, what it judges, and against whom."""

    name: str = Field(description="unique in its policy; by it a rule is required, waived and reported")
    gate: Component = Field(description="what judges")
    metric: str = Field(description="the name of a measurement, or 'answers' where it judges these")
    measured: Component | None = Field(
        default=None, description="what the name stands for, settings and source with it"
    )
    against: Against = Field(default="champion", description="whom it compares with")
    where: Mapping[str, str] = Field(default_factory=dict, description="labels of the rows that it judges; none: all")
    judges: Judged = Field(default="metric", description="a measurement, or the answers themselves")

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
    reference: str | None = Field(default=None, description="'base', or the id of the pinned adapter")
    duties: int = Field(default=1, description="the schema of the project file: its duties bind these decisions")

    @property
    def terms(self) -> str:
        """The digest of what the policy demands: whether it is in force, or may promote, compares these."""
        return content_id(self.content() | {"rules": [rule.terms for rule in self.rules]})

    @property
    def leaves_out_unread(self) -> bool:
        """Whether rows of text that a metric does not read are not measured: a duty from the second schema on."""
        return self.duties >= 2

    @model_validator(mode="after")
    def _consistent(self) -> Policy:
        names = [rule.name for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules are named {twice[0]!r}; give one another name with 'name:'")
        if missing := [name for name in self.required if name not in names]:
            raise ValueError(f"required rule {missing[0]!r} is not among the rules ({', '.join(names) or 'none'})")
        compared = any(rule.against == "reference" for rule in self.rules)
        if compared != (self.reference is not None):
            what = (
                "a rule is against the reference, but none is named" if compared else "no rule is against the reference"
            )
            raise ValueError(what)
        return self
