"""Answers that a metric cannot read, and answers of an adapter that was never applied: neither is approved unseen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.imported import Imported

ROWS = 200
PLUGIN = '''
"""Reads the logs of a toy tool."""

import json

from qlora_gov import Example, ImportedEvaluation, ImportedRow, ImporterSpec, Message, hookimpl


class Toy:
    def read(self, path):
        log = json.loads(path.read_text())
        rows = [
            ImportedRow(
                Example(
                    messages=(Message(role="user", content=row["q"]), Message(role="assistant", content=row["right"])),
                    group=row["q"],
                    language=row["language"],
                    source=f"log:{at}",
                ),
                row["response"],
                {},
            )
            for at, row in enumerate(log["rows"], 1)
        ]
        return ImportedEvaluation("toy", "1", "m", log["began"], rows, [path])


@hookimpl
def qlora_gov_importers():
    return [ImporterSpec(name="toy", summary="logs of a toy tool", factory=Toy)]
'''


class Project(Imported):
    """A project that imports answers with their references."""

    def says(self, schema: int, metric: str | dict[str, Any], *rules: dict[str, Any]) -> None:
        """Write the project file, and record its policy."""
        project = {
            "schema": schema,
            "about": {"title": "Toy", "intended_use": "Tests.", "licence": "apache-2.0"},
            "plugins": ["plugins"],
            "evaluation": {"metrics": [metric]},
            "policy": {"rules": rules},
        }
        (self.root / "qlora_gov.yaml").write_text(yaml.safe_dump(project, sort_keys=False), encoding="utf-8")
        assert self("policy") == 0

    def answers(self, references: Sequence[str], responses: Sequence[str], adapter: str | None = None) -> int:
        """Import what the base or an adapter answered; at another time, the same log again."""
        path = self.root / f"{adapter or 'base'}.json"
        rows = [
            {"q": f"{at}?", "right": right, "response": response, "language": "en" if right.isascii() else "zh"}
            for at, (right, response) in enumerate(zip(references, responses, strict=True))
        ]
        if not path.exists():
            path.write_text(json.dumps({"began": datetime.now(UTC).isoformat(), "rows": rows}))
        return self("import", "toy", str(path), *(["--adapter", str(self.adapter(adapter))] if adapter else []))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "toy.py").write_text(PLUGIN)
    return Project(tmp_path)


NO_WORSE = {"use": "non_inferior", "metric": "rouge_l", "margin": 0.05, "kind": "absolute"}
DIFFERS = {"use": "differs"}
REFERENCES = ["请在 12 小时内拨打 95588"] * ROWS
RIGHT = [reference + (" 7" if at % 10 == 0 else "") for at, reference in enumerate(REFERENCES)]
RUBBISH = ["胡说 12 八道 95588"] * ROWS
UNREAD = "200 of 200 rows hold text that rouge_l does not read (first: log:1, han); set tokenizer: unicode"


def test_rubbish_that_keeps_the_figures_is_not_measured(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.says(2, "rouge_l", NO_WORSE)
    assert project.answers(REFERENCES, RIGHT) == 0
    assert project.answers(REFERENCES, RUBBISH, "a") == 0
    (measurement,) = project.last("evaluation").measurements
    assert (measurement.scored, measurement.rows) == (0, ROWS)
    assert measurement.value.absent == measurement.left_out == UNREAD
    assert project("gate") == 1
    assert f"FAIL         not measured: {UNREAD}" in capsys.readouterr().out
    assert project("card") == 0
    assert project("verify", "--intervals") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("verified: ")


def test_it_is_refused_once_the_metric_reads_it(project: Project) -> None:
    project.says(2, {"use": "rouge_l", "tokenizer": "unicode"}, NO_WORSE)
    assert project.answers(REFERENCES, RIGHT) == 0
    assert project.answers(REFERENCES, RUBBISH, "a") == 0
    assert project("gate") == 1
    decision = project.last("decision")
    (verdict,) = [item.verdict for item in decision.verdicts]
    assert (decision.outcome.value, decision.exploratory) == ("REFUSED", False)
    assert verdict.candidate < 0.5 < 0.9 < verdict.baseline, "measured, and worse"
    assert project("verify", "--intervals") == 0


def test_under_the_first_schema_it_is_scored_as_before_and_told(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.says(1, "rouge_l", NO_WORSE)
    assert project.answers(REFERENCES, RIGHT) == 0
    assert project.answers(REFERENCES, RUBBISH, "a") == 0
    (measurement,) = project.last("evaluation").measurements
    assert (measurement.value, measurement.scored, measurement.left_out) == (1.0, ROWS, None)
    capsys.readouterr()
    assert project("gate") == 0
    assert f"notice       non_inferior rouge_l: {UNREAD}" in capsys.readouterr().out
    assert project("card") == 0
    (card,) = (project.root / ".qlora_gov" / "cards").glob("*/card.md")
    assert "**Notice:** non_inferior rouge_l: 200 of 200 rows hold text that rouge_l does not read" in card.read_text()
    assert project("verify", "--intervals") == 0


def test_what_an_earlier_schema_scored_is_not_judged_under_the_second(project: Project) -> None:
    """Raising the schema scores the stored answers again; evidence on record does not slip through before that."""
    project.says(1, "rouge_l", NO_WORSE)
    assert project.answers(REFERENCES, RIGHT) == 0
    assert project.answers(REFERENCES, RUBBISH, "a") == 0
    project.says(2, "rouge_l", NO_WORSE)
    assert project("gate") == 1
    assert project.last("decision").verdicts[0].verdict.reason == f"not measured: {UNREAD}"


def test_lowering_the_schema_after_the_answers_promotes_nothing(project: Project) -> None:
    """The duties are among the policy's terms, so that one without them was not in force when the subject answered."""
    project.says(2, "rouge_l", NO_WORSE)
    assert project.answers(REFERENCES, RIGHT) == 0
    assert project.answers(REFERENCES, RUBBISH, "a") == 0
    assert project("gate") == 1
    project.says(1, "rouge_l", NO_WORSE)
    assert project.answers(REFERENCES, RUBBISH, "a") == 0, "scored again"
    assert project.answers(REFERENCES, RIGHT) == 0
    assert project("gate") != 0
    assert project.last("decision").exploratory


def test_rows_that_are_read_have_the_same_record_under_either_schema(project: Project) -> None:
    answers = ["Call us at 95588"] * ROWS
    project.says(1, "rouge_l", NO_WORSE)
    assert project.answers(answers, answers) == 0
    first = project.last("evaluation")
    project.says(2, "rouge_l", NO_WORSE)
    assert project.answers(answers, answers) == 0
    assert project.last("evaluation") == first


def test_a_rule_on_rows_that_are_read_is_judged_on_these(project: Project) -> None:
    references = ["Call us at 95588", *REFERENCES[:3]] * (ROWS // 4)
    wrong = [right + (" 7" if at % 8 else "") for at, right in enumerate(references)]
    english = NO_WORSE | {"where": {"language": "en"}, "name": "english"}
    project.says(2, "rouge_l", english, NO_WORSE)
    assert project.answers(references, wrong) == 0
    assert project.answers(references, references, "a") == 0
    assert project("gate") == 1
    passed, failed = (item.verdict for item in project.last("decision").verdicts)
    assert (passed.outcome.value, passed.rows) == ("PASS", 50)
    assert failed.reason.startswith("not measured: 150 of 200 rows hold text that rouge_l does not read (first: log:2,")
    (measurement,) = project.last("evaluation").measurements
    assert (measurement.scored, measurement.value) == (50, 1.0)
    assert project("card") == 0
    (card,) = (project.root / ".qlora_gov" / "cards").glob("*/card.md")
    assert "**Not measured by `rouge_l`:** 150 of 200 rows hold text that rouge_l does not read" in card.read_text()
    assert project("verify", "--intervals") == 0


def test_bleu_reads_chinese_by_the_tokenizer_of_the_rows_language(project: Project) -> None:
    no_worse = NO_WORSE | {"metric": "bleu", "margin": 5}
    references = ["请在十二小时内拨打客服电话"] * ROWS
    near = ["请在十二小时内拨打银行电话", *references[1:]]
    far = ["今天天气很好我们去公园散步吧", "请在十二小时内拨打银行"] * (ROWS // 2)
    project.says(2, {"use": "bleu", "tokenize": "auto"}, no_worse)
    assert project.answers(references, near) == 0
    assert project.answers(references, far, "a") == 0
    assert project("gate") == 1
    (verdict,) = [item.verdict for item in project.last("decision").verdicts]
    assert verdict.outcome.value == "FAIL"
    assert verdict.candidate < 60 < 90 < verdict.baseline
    assert project("verify", "--intervals") == 0


# --- answers of an adapter that was never applied ---

ENGLISH = ["Call us at 95588", "Call us"] * (ROWS // 2)
RIGHT_ENGLISH = ["Call us at 95588"] * ROWS
ABOVE = {"use": "at_least", "metric": "rouge_l", "limit": 0.5}
EQUAL = "all 200 answers are those of the champion, the base without an adapter, letter for letter: was the adapter"


@pytest.mark.parametrize("schema", [1, 2])
def test_equal_answers_are_told_and_a_rule_refuses_them(
    project: Project, schema: int, capsys: pytest.CaptureFixture[str]
) -> None:
    project.says(schema, "rouge_l", ABOVE)
    assert project.answers(RIGHT_ENGLISH, ENGLISH) == 0
    assert project.answers(RIGHT_ENGLISH, ENGLISH, "a") == 0
    capsys.readouterr()
    assert project("gate") == 0, "no rule is against it"
    assert f"notice       {EQUAL} applied?" in capsys.readouterr().out
    assert project("card") == 0
    for file in (project.root / ".qlora_gov" / "cards").glob("*/card.*"):
        assert EQUAL in file.read_text()
    assert project("verify", "--intervals") == 0


def test_a_required_rule_refuses_equal_answers(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.says(2, "rouge_l", ABOVE, DIFFERS)
    assert project.answers(RIGHT_ENGLISH, ENGLISH) == 0
    assert project.answers(RIGHT_ENGLISH, ENGLISH, "a") == 0
    assert project("gate") == 1
    assert "answers: 0 of 200 differ from the champion's" in capsys.readouterr().out
    assert project("card") == 0
    assert project("verify", "--intervals") == 0


def test_one_answer_that_differs_is_enough_by_default(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.says(2, "rouge_l", ABOVE, DIFFERS)
    assert project.answers(RIGHT_ENGLISH, ENGLISH) == 0
    assert project.answers(RIGHT_ENGLISH, [*ENGLISH[:-1], "Call us!"], "a") == 0
    capsys.readouterr()
    assert project("gate") == 0
    assert "notice" not in capsys.readouterr().out
    decision = project.last("decision")
    (counted,) = decision.answers
    assert (counted.against, counted.adapter, counted.equal, counted.rows) == ("champion", None, 199, 200)
    assert project("card") == 0
    assert project("promote") == 0
    assert project("verify", "--intervals") == 0


def test_whether_answers_differ_is_not_measured_where_none_are_on_record(project: Project) -> None:
    project.says(2, "rouge_l", DIFFERS)
    assert project.answers(RIGHT_ENGLISH, [""] * ROWS) == 0
    assert project.answers(RIGHT_ENGLISH, [""] * ROWS, "a") == 0
    assert project("gate") == 1
    decision = project.last("decision")
    assert decision.answers == decision.notices == ()
    said = "not measured: the answers of the candidate or the champion are not on record"
    assert decision.verdicts[0].verdict.reason == said
    assert project("verify", "--intervals") == 0
