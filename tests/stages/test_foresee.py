"""What rows can show before anybody has answered them, against formulas and against the gates' own verdicts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlora_gov.plugin.catalog import Catalog
from qlora_gov.plugin.host import load_catalog
from qlora_gov.plugin.looks import Earlier, Look
from qlora_gov.plugin.specs import GateSpec, MetricScale
from qlora_gov.records import Policy, Rule
from qlora_gov.records.example import Example
from qlora_gov.stages.foresee import Foreseen, foresee_rules, hopeless
from qlora_gov.stats import METHODS, newest_methods
from tests.stages.toys import example

RATE = MetricScale("rate", False, "absolute", (0, 1), True)
ACCURACY = MetricScale("accuracy", True, "absolute", (0, 1), True)
ROUGE = MetricScale("rouge", True, "absolute", (0, 1))
PERPLEXITY = MetricScale("perplexity", False, "relative", (1, math.inf))
ANY, ANY_LOSS = MetricScale("any", True, "absolute"), MetricScale("loss", False, "relative")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def rows(count: int, cluster: int = 1) -> list[Example]:
    return [example(f"q{at}", group=f"g{at // cluster}", intent="ab"[at % 2]) for at in range(count)]


def ask(
    catalog: Catalog, use: str, scale: MetricScale, examples: list[Example], looks: int = 0, **changes: Any
) -> Foreseen:
    """What the rows can show of one rule; ``policy`` and ``where`` aside, changes are settings of the gate."""
    policy, where = changes.pop("policy", {}), changes.pop("where", {})
    bound = catalog.bind(GateSpec, use, changes, root=Path(), where="test")
    rule = Rule(name="r", gate=bound.component, metric=scale.name, where=where)
    earlier = Earlier([Look(np.ones(len(examples), dtype=np.bool_))] * looks, np.ones(len(examples)))
    (found,) = foresee_rules(
        Policy(rules=(rule,), **policy), {"r": bound.make()}, {scale.name: scale}, examples, earlier
    )
    return found


@pytest.mark.parametrize("limit", [0.01, 0.03, 0.08])
def test_a_limit_on_a_rate_takes_as_many_clean_rows_as_the_exact_bound_does(catalog: Catalog, limit: float) -> None:
    least = math.ceil(math.log(0.05) / math.log(1 - limit))
    found = ask(catalog, "at_most", RATE, rows(40), limit=limit)
    assert found.rows_needed == least
    assert (found.never is None) == (least <= 40)
    assert ask(catalog, "at_most", RATE, rows(least - 1), limit=limit).never is not None
    assert ask(catalog, "at_most", RATE, rows(least), limit=limit).never is None


def test_it_is_said_with_the_rows_that_it_takes(catalog: Catalog) -> None:
    found = ask(catalog, "at_most", RATE, rows(40), limit=0.03)
    told = "'r' cannot pass on these 40 rows, whatever the candidate answers; it takes 99 rows like these"
    assert found.sentence == told
    assert ask(catalog, "at_most", RATE, rows(99), limit=0.03).sentence is None


def test_a_lower_limit_and_clustered_rows(catalog: Catalog) -> None:
    assert ask(catalog, "at_least", ACCURACY, rows(10), limit=0.9).rows_needed == 29
    assert ask(catalog, "at_most", RATE, rows(40, cluster=2), limit=0.03).rows_needed == 2 * 99 - 1


def test_a_further_look_takes_more_rows(catalog: Catalog) -> None:
    assert ask(catalog, "at_most", RATE, rows(99), looks=1, limit=0.03).never is not None
    by_row = {"looks_by": "row"}
    found = ask(catalog, "at_most", RATE, rows(99), looks=1, limit=0.03, policy=by_row)
    assert found.rows_needed is not None
    assert 105 < found.rows_needed < 122, "some of them fresh"
    stale = ask(catalog, "at_most", RATE, rows(99), looks=1, limit=0.03, policy={"further_looks": "fresh_rows"})
    assert stale.sentence == (
        "'r' cannot pass on these 99 rows: this is decision 2 on these rows, and the policy asks for fresh ones"
    )


def test_a_comparison_that_only_a_better_candidate_passes_is_no_hopeless_one(catalog: Catalog) -> None:
    """With no row discordant the bound still lies some way off."""
    score = METHODS[newest_methods()].paired_score
    least = next(n for n in range(2, 1000) if score(0, 0, n).bounds(0.05)[0] > -0.05)
    found = ask(catalog, "non_inferior", ACCURACY, rows(40), margin=0.05)
    assert (found.better, found.never, found.rows_needed) == (True, None, least)
    assert "only where the candidate is better than the champion, not where they are alike" in str(found.sentence)
    assert ask(catalog, "non_inferior", ACCURACY, rows(least), margin=0.05).sentence is None


@pytest.mark.parametrize("scale", [ROUGE, PERPLEXITY, ANY, ANY_LOSS])
def test_an_interval_takes_some_clusters(catalog: Catalog, scale: MetricScale) -> None:
    few = ask(catalog, "non_inferior", scale, rows(4), margin=0.05)
    assert few.never == ", whatever the candidate answers"
    assert few.rows_needed is not None
    assert 4 < few.rows_needed <= 30
    assert ask(catalog, "non_inferior", scale, rows(30), margin=0.05).sentence is None
    assert ask(catalog, "improves", scale, rows(30)).sentence is None


@pytest.mark.parametrize(
    ("use", "scale", "limit"),
    [("at_least", ROUGE, 0.9), ("at_most", PERPLEXITY, 3.0), ("at_least", ANY, 5.0), ("at_most", ANY_LOSS, 5.0)],
)
def test_a_limit_on_any_metric_can_pass(catalog: Catalog, use: str, scale: MetricScale, limit: float) -> None:
    assert ask(catalog, use, scale, rows(30), limit=limit).sentence is None


def test_slices_are_asked_one_by_one(catalog: Catalog) -> None:
    few = ask(catalog, "no_regressed_slice", ROUGE, rows(8), by="intent", margin=0.05)
    assert few.never == ", whatever the candidate answers"
    assert few.rows_needed is not None
    assert 8 < few.rows_needed <= 60
    assert ask(catalog, "no_regressed_slice", ROUGE, rows(60), by="intent", margin=0.05).sentence is None
    assert ask(catalog, "no_regressed_slice", ROUGE, rows(20), by="colour", margin=0.05).never is not None


def test_a_gate_that_raises_says_why_it_can_pass_nothing(catalog: Catalog) -> None:
    found = ask(catalog, "no_regressed_slice", ROUGE, rows(100), by="intents", margin=0.05)
    assert found.sentence is not None
    assert "100 rows: the gate raised ValueError: the examples have no label 'intents' to slice by; labels: intent" in (
        found.sentence
    )


def test_a_rule_sees_the_rows_that_it_names(catalog: Catalog) -> None:
    assert ask(catalog, "at_most", RATE, rows(118), limit=0.05, where={"intent": "a"}).rows_needed == 59
    assert ask(catalog, "at_most", RATE, rows(116), limit=0.05, where={"intent": "a"}).never is not None
    assert ask(catalog, "at_most", RATE, rows(9), limit=0.05, where={"intent": "z"}).never == ", since it judges none"


def test_only_what_an_approval_takes_makes_a_policy_hopeless(catalog: Catalog) -> None:
    never, can = (ask(catalog, "at_most", RATE, rows(40), limit=limit) for limit in (0.03, 0.3))
    other = can.rule.model_copy(update={"name": "other"})
    two = Policy(rules=(never.rule, other))
    assert hopeless(two, [never, can]) == [never]
    tolerated = two.model_copy(update={"inconclusive": "tolerated"})
    assert hopeless(tolerated, [never, can]) == []
    assert hopeless(tolerated.model_copy(update={"required": ("r",)}), [never, can]) == [never]
    alone = tolerated.model_copy(update={"rules": (never.rule,)})
    assert hopeless(alone, [never]) == [never], "an approval takes one rule at least that passes"
