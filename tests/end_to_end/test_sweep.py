"""Sweeps on a tiny base: one with a clear winner and one without, and the looks that they leave for a decision."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger, ProblemKind
from qlora_gov.plugin.host import load_catalog
from qlora_gov.records import Adapter, Sweep
from qlora_gov.verification.history import history_problems
from qlora_gov.verification.sweeps import Recompare, size_problems
from tests.support.project import make_project

POLICY = {"rules": [{"use": "non_inferior", "metric": "perplexity", "margin": 0.05}]}
ALPHA = 0.05


def ledger(root: Path) -> Ledger:
    return Ledger(root / ".qlora_gov" / "ledger.duckdb")


def last(root: Path, kind: str) -> Any:
    return ledger(root).entries(kind)[-1].record


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """A project of schema 2 whose learning rate was swept: one that learns nothing, and one that learns."""
    root = tmp_path_factory.mktemp("swept") / "project"
    make_project(root, tiny_base, schema=2, policy=POLICY)
    assert run(["sweep", str(root), "--over", "learning_rate=1e-7,5e-3", "--anyway"]) == 0
    return root


@pytest.fixture
def project(swept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(swept, tmp_path / "project"))


def test_a_clear_winner_is_told_with_a_table_and_a_plot(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(ledger(project).entries())
    assert run(["sweep", str(project), "--over", "learning_rate=1e-7,5e-3"]) == 0
    assert len(ledger(project).entries()) == before, "what is on record is not done again"
    told = capsys.readouterr().out
    assert "learning_rate 0.005 has the best perplexity" in told
    assert "it is shown to be better than each other trial" in told
    sweep = last(project, "sweep")
    assert (sweep.field, sweep.metric, sweep.best, sweep.shows_best) == ("learning_rate", "perplexity", 1, True)
    recipes = [entry.record.training.recipe.settings for entry in ledger(project).entries("adapter")]  # type: ignore[attr-defined]
    assert [one["learning_rate"] for one in recipes] == [1e-7, 5e-3]
    (report,) = project.glob(".qlora_gov/sweeps/*/sweep.md")
    assert "| 0.005 (best) |" in report.read_text()
    assert (report.parent / "sweep.svg").read_text().startswith("<svg")
    assert run(["verify", str(project), "--intervals"]) == 0


def test_a_trial_is_what_the_project_file_would_have_made(project: Path, tiny_base: Path) -> None:
    recipe = {"use": "nf4-qlora", "preset": "demo", "rank": 2, "accumulation": 1, "checkpoint_steps": 1}
    make_project(project, tiny_base, schema=2, policy=POLICY, training=recipe | {"learning_rate": 5e-3})
    adapters = len(ledger(project).entries("adapter"))
    assert run(["run", str(project)]) in (0, 1, 3)
    assert len(ledger(project).entries("adapter")) == adapters
    assert last(project, "decision").adapter == last(project, "sweep").adapters[1]


@pytest.mark.parametrize("schema", [1, 2])
def test_a_decision_on_a_trial_counts_the_others(
    project: Path, tiny_base: Path, schema: int, capsys: pytest.CaptureFixture[str]
) -> None:
    if schema == 1:
        recipe = {"use": "nf4-qlora", "preset": "demo", "rank": 2, "accumulation": 1, "checkpoint_steps": 1}
        base = make_project(project, tiny_base, schema=1, policy=POLICY, training=recipe)
        assert run(["policy", str(base)]) == 0
    sweep = last(project, "sweep")
    assert run(["gate", str(project), "--adapter", sweep.adapters[1]]) in (0, 1, 3)
    decision = last(project, "decision")
    assert decision.trials == (sweep.evaluations[0],)
    assert decision.passed_over == ()
    assert decision.looks == {"non_inferior perplexity": 1.0}
    assert decision.verdicts[0].verdict.alpha == ALPHA / 2
    assert "another trial of a sweep on these rows, or some of them, is a look at them" in capsys.readouterr().out
    assert run(["gate", str(project), "--adapter", sweep.adapters[0]]) in (0, 1, 3)
    other = last(project, "decision")
    assert (other.trials, other.looks) == ((), {"non_inferior perplexity": 1.0}), "the first was judged: one look"
    assert run(["verify", str(project), "--intervals"]) == 0
    forged = decision.model_copy(update={"trials": (), "looks": {"non_inferior perplexity": 0.0}, "look": 1})
    ledger(project).append(forged)
    assert run(["verify", str(project)]) != 0


def test_trials_that_are_alike_are_not_told_apart(
    project: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = {"use": "nf4-qlora", "preset": "demo", "rank": 2, "learning_rate": 1e-7}
    make_project(project, tiny_base, schema=2, policy=POLICY, training=recipe)
    arguments = ["--over", "rank=2,4", "--metric", "rouge_l", "--anyway"]
    assert run(["sweep", str(project), *arguments]) == 0
    assert "no difference shown: rank " in capsys.readouterr().out
    sweep = last(project, "sweep")
    assert (sweep.metric, sweep.shows_best) == ("rouge_l", False)
    assert [last.value for last in (sweep.trials[at] for at in sweep.not_worse)] == [2, 4], "the smallest first"
    alphas = [entry.record.training.recipe.settings["alpha"] for entry in ledger(project).entries("adapter")]  # type: ignore[attr-defined]
    assert alphas[-2:] == [4, 8], "alpha follows rank"
    assert run(["verify", str(project), "--intervals"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--over", "rank=1,2,4,8"], "4 values, and a sweep tries 3 at most: each trial is a look"),
        (["--over", "rank=1,2,4", "--trials", "2"], "'--trials 3' tries them all the same"),
        (["--over", "rnak=1,2"], "has no such field; did you mean 'rank'?"),
        (["--over", "rank=1,0"], "--over rank=0: rank: input should be greater than or equal to 1"),
        (
            ["--over", "rank=1,2", "--metric", "perplexitty"],
            "--metric perplexitty: nothing that is measured is named so",
        ),
    ],
)
def test_what_cannot_be_swept_is_told_in_one_line(
    project: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(ledger(project).entries())
    assert run(["sweep", str(project), *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert len(ledger(project).entries()) == before


def test_rows_that_could_not_decide_after_the_sweep_are_told_before_it(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What passes at alpha may not at alpha / 4."""
    rule = {"use": "at_most", "metric": "pii_rate", "limit": 0.25}  # of 12 rows: .22 at alpha .05, .31 at .0125
    root = make_project(tmp_path / "project", tiny_base, schema=2, policy={"rules": [rule]}).parent
    assert run(["sweep", str(root), "--over", "rank=1,2,4"]) == 3
    assert "cannot pass on these 12 rows" in capsys.readouterr().err
    assert ledger(root).entries("adapter") == []


def wrong(sweep: Sweep, at: int, **changes: Any) -> dict[str, Any]:
    trials = list(sweep.trials)
    trials[at] = trials[at].model_copy(update=changes)
    return {"trials": tuple(trials)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: wrong(s, 1, value=0.5), "trial 2 states learning_rate 0.5, its adapter's recipe 0.005"),
        (lambda s: wrong(s, 0, measured=1.0), "trial 1 states perplexity 1.0, its evaluation "),
        (lambda s: {"adapters": s.adapters[::-1]}, "an evaluation is not of the adapter of its trial"),
        (lambda s: {"evaluations": s.evaluations[:1]}, "it does not name an adapter and an evaluation of each trial"),
    ],
)
def test_a_sweep_that_does_not_follow_is_found_out(
    swept: Path, change: Callable[[Sweep], dict[str, Any]], said: str
) -> None:
    entries = ledger(swept).entries()
    sweep = last(swept, "sweep")
    changed = [
        replace(one, record=sweep.model_copy(update=change(sweep))) if one.kind == "sweep" else one for one in entries
    ]
    assert any(said in str(problem) for problem in history_problems(changed))
    assert list(history_problems(entries)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: {"best": 0}, "best is stated as 0"),
        (lambda s: {"alpha": 0.1}, "interval.level is stated as"),
        (lambda s: {"contrasts": (s.contrasts[0].model_copy(update={"shown": False}),)}, "contrasts[0].shown"),
        (lambda s: {"metric": "nothing"}, "its trials cannot be compared again"),
    ],
)
def test_a_sweep_is_compared_again(swept: Path, change: Callable[[Sweep], dict[str, Any]], said: str) -> None:
    entry = ledger(swept).entries("sweep")[-1]
    again = Recompare(ledger(swept), load_catalog([]), swept)
    changed = replace(entry, record=last(swept, "sweep").model_copy(update=change(last(swept, "sweep"))))
    assert list(again.problems([entry])) == []
    (problem,) = again.problems([changed])
    assert said in str(problem)


def test_the_size_of_an_adapter_is_that_of_its_files(swept: Path) -> None:
    entry, state = ledger(swept).entries("sweep")[-1], swept / ".qlora_gov"
    sweep = last(swept, "sweep")
    assert list(size_problems(ledger(swept), state, [entry])) == []
    (problem,) = size_problems(
        ledger(swept), state, [replace(entry, record=sweep.model_copy(update=wrong(sweep, 0, size=7)))]
    )
    assert problem.kind is ProblemKind.TAMPERED
    assert isinstance(ledger(swept).get(sweep.adapters[0]).record, Adapter)
