from __future__ import annotations

import pytest

from qlora_gov.cli.show.plans import show_plan
from qlora_gov.records import Component, Outcome, Rule, Verdict
from qlora_gov.stages.plan import Planned


@pytest.mark.parametrize(
    ("rows", "exact", "said"),
    [
        (1_537_704, False, "about 1,600,000"),
        (1_537_704, True, "about 1,600,000"),
        (511, True, "511"),
        (511, False, "about 520"),
    ],
)
def test_planned_rows_are_round_unless_they_are_few_and_exact(
    capsys: pytest.CaptureFixture[str], rows: int, exact: bool, said: str
) -> None:
    gate = Component(name="gates/g", distribution="d", version="1", source="sha256:0", settings={})
    verdict = Verdict(outcome=Outcome.PASS, reason="it passed", rows=200, detectable=0.1, rows_planned=rows)
    show_plan([Planned(Rule(name="one", gate=gate, metric="m"), verdict, exact)])
    assert capsys.readouterr().out.endswith(
        f"{said} rows decide every rule above that has a number, each in 4 of 5 cases\n"
    )
