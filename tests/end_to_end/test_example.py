"""The one path that must be real: the example's data on SmolLM2, from JSONL to a card, with part of the rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from qlora_gov.evidence.datasets import evaluation_rows, training_rows
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import Adapter, DatasetVersion, Decision, DecisionOutcome, Outcome
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.xdist_group("example"),  # trained once, in one process
    pytest.mark.timeout(1800),  # seven minutes on a slow core that is shared
]

SMALL = """
extends: qlora_gov.yaml
training: {use: nf4-qlora, preset: demo, accumulation: 1, warmup_steps: 2}
evaluation:
  generation: {max_new_tokens: 12, batch_size: 16}
  metrics: [perplexity, rouge_l, {use: policy_compliance, rules: policy_rules.yaml}]
policy:
  rules:
    - {use: improves, metric: perplexity}
"""
LOSSES = (
    4.378, 4.271, 3.821, 3.231, 2.767, 2.632, 3.408, 2.657, 2.210, 2.044, 1.987,
    2.787, 2.795, 1.749, 1.723, 1.760, 1.727, 1.916, 2.030, 1.769, 1.816, 1.956,
    1.755, 1.589, 1.491, 1.873, 1.585, 2.061, 2.176, 1.708, 1.671, 1.601, 1.544,
)  # fmt: skip
"""Of each step, as this very run printed them; the test leaves room for processors that round otherwise."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with every third training row and every fourth evaluation row, run once."""
    root = tmp_path_factory.mktemp("example") / "finance_support"
    shutil.copytree(ROOT / "examples" / "finance_support", root, ignore=shutil.ignore_patterns(".qlora_gov"))
    for name, step in (("train", 3), ("evaluation", 4)):
        file = root / "data" / f"{name}.jsonl"
        file.write_text("".join(file.read_text(encoding="utf-8").splitlines(keepends=True)[::step]), encoding="utf-8")
    (root / "small.yaml").write_text(SMALL)
    assert run(["run", str(root / "small.yaml")]) == 0
    return root


def test_the_adapter_learned_on_groups_that_training_never_saw(trained: Path) -> None:
    """Perplexity falls, and the paired 95% interval of the log ratio excludes zero."""
    decision = Ledger(trained / ".qlora_gov" / "ledger.duckdb").entries("decision")[-1].record
    assert isinstance(decision, Decision)
    verdict = decision.verdicts[0].verdict
    assert verdict.outcome is Outcome.PASS
    assert decision.outcome is DecisionOutcome.APPROVED
    assert isinstance(verdict.candidate, float)
    assert isinstance(verdict.baseline, float)
    assert verdict.candidate < verdict.baseline
    assert verdict.interval is not None
    assert verdict.interval.high is not None
    assert verdict.interval.high < 0


def test_the_losses_are_those_of_the_recipe(trained: Path) -> None:
    adapter = Ledger(trained / ".qlora_gov" / "ledger.duckdb").entries("adapter")[-1].record
    assert isinstance(adapter, Adapter)
    assert adapter.training is not None
    assert [point.loss for point in adapter.training.losses] == pytest.approx(LOSSES, abs=0.05)


def test_no_evaluated_group_was_trained_on(trained: Path) -> None:
    ledger = Ledger(trained / ".qlora_gov" / "ledger.duckdb")
    versions = {one.role: one for one in (held(entry, DatasetVersion) for entry in ledger.entries("dataset"))}
    evaluated = {row.group for row in evaluation_rows(ledger, versions["evaluation"].id)}
    trained_on = {row.group for row in training_rows(ledger, trained / ".qlora_gov", versions["training"])}
    assert evaluated
    assert trained_on
    assert not evaluated & trained_on


def test_the_evidence_verifies(trained: Path) -> None:
    assert run(["verify", str(trained / "small.yaml")]) == 0
