import re
from pathlib import Path

import jinja2.meta
import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from qlora_gov.canonical import content_id
from qlora_gov.errors import ProjectError
from qlora_gov.records import DecisionOutcome, RuleVerdict
from qlora_gov.reports.card.markdown import card_environment
from qlora_gov.reports.decision.report import DecisionReport
from qlora_gov.reports.decision.summary import LIMIT, TEMPLATE, summary_markdown
from qlora_gov.reports.rendering.figures import short_id
from qlora_gov.reports.rendering.templates import RecordingLoader, installed_templates
from tests.reports.decision.samples import (
    FAILED,
    PASSING,
    REFUSED,
    TEXTS,
    UNDECIDED,
    decided,
    refused,
    rule,
    with_texts,
)

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def table_rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| **")]


def test_a_refusal_reads_from_the_outcome_to_the_ids() -> None:
    report = refused(look=3)
    text = summary_markdown(report)
    assert text.startswith("## Release gate: REFUSED\n\n**This adapter does not meet its release policy and must not")
    assert table_rows(text) == [
        "| **FAIL** | `perplexity` | `perplexity` | 15.7 | 22.17 | 0.26 to 0.43 (95%) | 0.04879 | 169 |",
        "| **FAIL** | `bleu` | `bleu` | 0.21 | not measured: 3 rows could not be scored | not given | not given "
        "| not given |",
        "| **INCONCLUSIVE** | `policy` | `policy` | 0.2396 (reference) | 0.3127 | not given | -0.02 | 169 |",
        "| **PASS** | `rouge_l` | `rouge_l` | 0.2396 | 0.3127 | 0.0512 to 0.095 (95%) | -0.02 | 169 |",
        "| **PASS** | `pii` | `pii_rate` | 0.00592 | 0 | at most 0.0253 (95%) | 0.03 | 169 |",
    ]
    why = [line for line in text.splitlines() if line.startswith("- ")]
    assert [line.split()[1:3] for line in why] == [
        ["**FAIL**", "`perplexity`:"],
        ["**FAIL**", "`bleu`:"],
        ["**INCONCLUSIVE**", "`policy`:"],
    ]
    assert "  - FAIL on slice `language=fr`: fr: fail\n" in text
    assert "language=en" not in text
    assert "This is decision 3 on this evaluation set" in text
    places = [text.index(part) for part in (report.decision, report.policy, report.adapter, report.head.hash)]
    assert min(places) > text.index("each further look")
    assert "exploratory" not in text.lower()


def test_the_worst_five_rows_by_their_ids() -> None:
    lines = [line for line in summary_markdown(refused()).splitlines() if line.startswith("  - row")]
    assert len(lines) == 15
    assert lines[0] == f"  - row 3, example `{short_id(content_id(3))}`: champion 9.5, candidate 37"
    assert lines[-1].startswith("  - row 40, ")


def test_an_approval_lists_nothing_to_worry_about() -> None:
    text = summary_markdown(decided())
    assert text.startswith("## Release gate: APPROVED\n\n**This adapter meets its release policy.**\n")
    assert "This is the first decision on this evaluation set." in text
    assert not [line for line in text.splitlines() if line.startswith("- ")]
    assert "romot" not in text


@pytest.mark.parametrize(
    ("report", "heading", "why"),
    [
        (decided(exploratory=True), "APPROVED (exploratory)", "it is exploratory: the policy was recorded"),
        (refused(exploratory=True), "REFUSED (exploratory)", "it is exploratory: the policy was recorded"),
        (decided(PASSING, DecisionOutcome.INCONCLUSIVE), "INCONCLUSIVE", "it is INCONCLUSIVE, although"),
        (decided((), DecisionOutcome.INCONCLUSIVE), "INCONCLUSIVE", "the policy has no rules"),
    ],
)
def test_what_cannot_promote_says_so_at_once(report: DecisionReport, heading: str, why: str) -> None:
    text = summary_markdown(report)
    assert text.startswith(f"## Release gate: {heading}\n")
    assert "meets its release policy.**" not in text
    assert f"> This decision cannot promote: {why}" in text


def test_what_is_tolerated_says_so() -> None:
    verdicts = (*PASSING, RuleVerdict(rule=rule("policy", "non_inferior", "policy"), verdict=UNDECIDED))
    assert table_rows(summary_markdown(decided(verdicts, inconclusive="tolerated")))[0].startswith(
        "| **INCONCLUSIVE** (tolerated) | `policy` |"
    )


def blocks(text: str) -> list[tuple[str, int]]:
    return [(token.type, token.level) for token in PARSER.parse(text)]


@settings(max_examples=20)
@given(TEXTS.filter(str.strip), TEXTS.filter(str.strip))
def test_no_text_leaves_its_place(name: str, reason: str) -> None:
    text = summary_markdown(with_texts(name, name, reason, "x:1"))
    assert blocks(text) == blocks(summary_markdown(with_texts("x", "x", "x", "x:1")))
    inline = {child.type for token in PARSER.parse(text) for child in token.children or ()}
    assert inline <= {"text", "code_inline", "strong_open", "strong_close", "softbreak"}
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", text)
    assert len(text.encode()) <= LIMIT


def many(count: int, reason: str) -> DecisionReport:
    failed = FAILED.model_copy(update={"reason": reason})
    rules = [
        RuleVerdict(rule=rule(f"rule {at}", "non_inferior", f"metric_{at}"), verdict=failed) for at in range(count)
    ]
    return decided((*rules, *REFUSED[:2]), DecisionOutcome.REFUSED)


@pytest.mark.parametrize("reason", ["short", "é<b>" * 1_000])
def test_it_fits_into_a_comment_and_says_what_it_leaves_out(reason: str) -> None:
    text = summary_markdown(many(400, reason))
    assert len(text.encode()) <= LIMIT
    left = len(table_rows(text))
    assert left > 0
    assert f"\n{402 - left} of 402 rules are left out here, for want of room" in text


def test_nothing_is_left_out_where_all_fits() -> None:
    text = summary_markdown(many(20, "short"))
    assert len(table_rows(text)) == 22
    assert "left out" not in text


def test_it_is_one_table_of_rules_one_list_and_one_table_of_ids() -> None:
    opened = [kind for kind, level in blocks(summary_markdown(refused())) if level == 0 and kind.endswith("_open")]
    assert opened == [
        "heading_open",
        "paragraph_open",
        "table_open",
        "paragraph_open",
        "bullet_list_open",
        "paragraph_open",
        "table_open",
    ]


def test_a_project_puts_its_template_in_front(tmp_path: Path) -> None:
    (tmp_path / TEMPLATE).write_text("{{ report.outcome }}: {{ rules | length }} <rules>", encoding="utf-8")
    assert summary_markdown(refused(), tmp_path) == "REFUSED: 5 <rules>"
    (tmp_path / TEMPLATE).write_text("{{ report.outcom }}", encoding="utf-8")
    with pytest.raises(ProjectError, match=f"{TEMPLATE}:1: .*no attribute 'outcom'"):
        summary_markdown(refused(), tmp_path)


def test_the_template_uses_nothing_else() -> None:
    source = (installed_templates() / TEMPLATE).read_text(encoding="utf-8")
    named = jinja2.meta.find_undeclared_variables(
        card_environment(RecordingLoader(installed_templates())).parse(source)
    )
    assert named == {"report", "rules"}


def test_the_second_edition_rounds_by_intervals_and_says_what_they_are_of() -> None:
    text = summary_markdown(refused(edition=2))
    assert "| verdict | rule | metric | against | candidate | interval | threshold | of | rows |" in text
    assert table_rows(text)[0] == (
        "| **FAIL** | `perplexity` | `perplexity` | 15.7 (champion) | 22.2 | 0.260 to 0.430 (95%) | 0.04879 "
        "| log(candidate / champion) | 169 |"
    )
    assert table_rows(text)[3].startswith(
        "| **PASS** | `rouge_l` | `rouge_l` | 0.240 (champion) | 0.313 | 0.051 to 0.095"
    )
    assert "which stands beside them" in text


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("a\nb caf\xe9".encode("latin-1"), ":2: the template cannot be rendered: it is not UTF-8; save it so"),
        (b"a\n{{ '\\ud800' | safe }}", ": line 2 of what it renders holds half a surrogate pair: '\\ud800'"),
    ],
)
def test_a_template_that_gives_no_text_names_its_file_and_line(tmp_path: Path, template: bytes, said: str) -> None:
    (tmp_path / TEMPLATE).write_bytes(template)
    with pytest.raises(ProjectError, match=re.escape(f"{tmp_path / TEMPLATE}{said}")):
        summary_markdown(refused(), tmp_path)
