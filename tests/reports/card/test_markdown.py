import enum
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import jinja2
import jinja2.meta
import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qlora_gov.canonical import file_id
from qlora_gov.errors import ProjectError
from qlora_gov.records import DecisionOutcome, Frozen
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.context.findings import RuleLine
from qlora_gov.reports.card.findings import subject_part
from qlora_gov.reports.card.front_matter import hub_metadata
from qlora_gov.reports.card.html import render_html
from qlora_gov.reports.card.markdown import CARD, card_environment, render_card
from qlora_gov.reports.card.records import CardRecords
from qlora_gov.reports.rendering.templates import RecordingLoader, installed_templates
from qlora_gov.text import one_line

CONTEXTS = {f"qlora_gov.reports.card.context.{name}" for name in ("card", "findings", "lineage")}
FIXED = {"against", "contrast_kind", "decoding", "judges", "side"}
"""Fields that hold one of a few words."""
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

HOSTILE = [
    "a | b | c |",
    "line\nbreak\r\n\r\n# heading\n\n| x |\n| --- |\n",
    "---\nlicense: mit\n---\n",
    "\n---\n",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "<!-- -->\n<details>",
    "`code` ``` fence\n```\n",
    "[text](javascript:alert(1)) ![image](https://example.com/x.png) <https://example.com>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u2066\u200e\x00\x07\x1b[31m",
    "**bold** __bold__ _it_ ~~struck~~ \\",
    "- list\n- list",
    "1. one",
    "y" * 1_000_000,
]


def body_of(text: str) -> str:
    return ModelCard(text).text


def with_every_text(value: Any, text: str) -> Any:
    """A dumped context in which each text, keys of mappings included, is another one."""
    match value:
        case enum.Enum():
            return value
        case str():
            return text
        case dict() if field_names().issuperset(value):
            return {key: inner if key in FIXED else with_every_text(inner, text) for key, inner in value.items()}
        case dict():
            return {f"{text}{at}": with_every_text(inner, text) for at, inner in enumerate(value.values())}
        case tuple() | list():
            return [with_every_text(inner, text) for inner in value]
    return value


def frozen_classes(model: type[Frozen]) -> Iterator[type[Frozen]]:
    """The class and all those of its fields, theirs and so on."""

    def classes(annotation: Any) -> Iterator[type[Frozen]]:
        if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
            yield from frozen_classes(annotation)
        for argument in get_args(annotation):
            yield from classes(argument)

    yield model
    for field in model.model_fields.values():
        yield from classes(field.annotation)


@cache
def field_names() -> frozenset[str]:
    """What the fields of a context and of all that it holds are called."""
    return frozenset(name for cls in frozen_classes(CardContext) for name in cls.model_fields)


def blocks(body: str) -> list[tuple[str, int]]:
    return [(token.type, token.level) for token in PARSER.parse(body)]


@pytest.fixture
def whole(records: Callable[..., CardRecords], everything: dict[str, Any]) -> CardContext:
    """A context that has everything."""
    return card_context(records(**everything))


@pytest.fixture
def claimed(records: Callable[..., CardRecords], imported: dict[str, Any]) -> CardContext:
    """A context of imported evidence."""
    return card_context(records(**imported))


def test_the_template_uses_all_of_the_context(
    whole: CardContext, claimed: CardContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[tuple[type, str]] = set()
    plain = jinja2.Environment.getattr

    def recording(self: jinja2.Environment, obj: Any, attribute: str) -> Any:
        used.add((type(obj), attribute))
        return plain(self, obj, attribute)

    monkeypatch.setattr(jinja2.Environment, "getattr", recording)
    render_card(whole)
    render_card(claimed)
    parts = [cls for cls in frozen_classes(CardContext) if cls.__module__ in CONTEXTS and cls is not CardContext]
    assert {(cls, name) for cls in parts for name in cls.model_fields} - used == {(RuleLine, "contrast_kind")}


def test_the_template_names_the_fields_of_the_context() -> None:
    source = (installed_templates() / CARD).read_text(encoding="utf-8")
    named = jinja2.meta.find_undeclared_variables(
        card_environment(RecordingLoader(installed_templates())).parse(source)
    )
    assert named == set(CardContext.model_fields)


def test_every_field_of_every_part_is_documented_by_its_class() -> None:
    assert [cls.__name__ for cls in frozen_classes(CardContext) if not cls.__doc__] == []


HEADINGS = """Northwind Bank support assistant
Decision: REFUSED (exploratory)
Verdicts
What these rows could show
By slice
Measurements
Guardrails
Training
Data
Training set
Provenance against target
Held-out evaluation set
Contamination
Licences
Base model
Environment
Intended use
Limits
Risks
Rollback
Provenance""".splitlines()


def test_the_decision_comes_first_and_every_table_is_one(whole: CardContext) -> None:
    body = body_of(render_card(whole).text)
    tokens = PARSER.parse(body)
    headings = [inline.content for opened, inline in pairwise(tokens) if opened.type == "heading_open"]
    assert headings == HEADINGS
    assert {"html_block", "fence", "code_block", "hr"}.isdisjoint(token.type for token in tokens)
    rows = [line for line in body.splitlines() if line.startswith("|")]
    assert len(rows) == sum(token.type == "tr_open" for token in tokens) + sum(
        token.type == "table_open" for token in tokens
    )


def test_no_blank_is_left_where_a_part_has_nothing_to_say(claimed: CardContext) -> None:
    body = body_of(render_card(claimed).text)
    assert "not measured: trained elsewhere; only its files are known: claimed by whoever imported the log of" in body
    assert "not measured: neither training nor answers were run here" in body
    assert body.index("**Imported evidence:**") < body.index("**PASS**")
    assert "| candidate | lm-eval 0.4.9 | northwind/support-v3 | 2026-02-03T10:00:00+00:00 |" in body
    assert "2 rows had no answer and were left out |" in body


def test_a_tolerated_rule_is_no_silent_pass(records: Callable[..., CardRecords], refused: dict[str, Any]) -> None:
    policy = {"inconclusive": "tolerated"}
    body = body_of(render_card(card_context(records(verdicts=refused["verdicts"][:3], policy_fields=policy))).text)
    assert "meets its release policy.** The policy tolerates rules that could not tell; 1 could not." in body


def test_a_refusal_says_why_with_the_worst_first(records: Callable[..., CardRecords], refused: dict[str, Any]) -> None:
    body = body_of(render_card(card_context(records(**refused, look=3))).text)
    decision = body[body.index("## Decision: REFUSED") : body.index("### Verdicts")]
    assert "must not be released" in decision
    assert "2 failed, 1 could not tell and 2 passed" in decision
    why = [line for line in decision.splitlines() if line.startswith("- ")]
    assert [("perplexity" in why[0]), ("bleu" in why[1]), ("policy" in why[2])] == [True, True, True]
    assert "This is decision 3 on this evaluation set." in decision
    assert "| 22.17 | 0.345 | 0.0512 to 0.095 (95%) | 0.04879 | **FAIL** |" in body


def test_an_approval(records: Callable[..., CardRecords]) -> None:
    body = body_of(render_card(card_context(records())).text)
    assert "## Decision: APPROVED\n\n**This adapter meets its release policy.**" in body
    assert "This is the first decision on this evaluation set." in body
    assert "must not be released" not in body
    assert "Exploratory" not in body
    missing = set(re.findall("not measured: ([^|.\n]+[^ |.\n])", body))
    assert missing == {"no licence is stated", "no rule of the policy looks at slices"}


def test_what_bears_on_answers_is_said_with_them(records: Callable[..., CardRecords]) -> None:
    given = records()
    body = body_of(render_card(card_context(given)).text)
    assert "cut short" not in body
    assert "answers are empty" not in body
    responses = given.candidate.responses.model_copy(
        update={"cut": 30, "empty": 4, "applied": {"repetition_penalty": 1.1}}
    )
    candidate = replace(given.candidate, responses=responses)
    part = subject_part(candidate.responses)
    assert (part.cut, part.rows, part.applied) == (30, 169, "repetition_penalty 1.1")
    context = card_context(given).model_copy(update={"candidate": part})
    for text in (body_of(render_card(context).text), render_html(context).text):
        assert text.count("30 of 169 answers were cut short") == 1
        assert text.count("4 of 169 answers are empty") == 1
        assert text.count("had a say in the choice of tokens: repetition") == 1


def test_inconclusive_and_exploratory(records: Callable[..., CardRecords], refused: dict[str, Any]) -> None:
    verdicts = refused["verdicts"][:3]
    given = records(verdicts=verdicts, outcome=DecisionOutcome.INCONCLUSIVE, exploratory=True)
    body = body_of(render_card(card_context(given)).text)
    assert "## Decision: INCONCLUSIVE (exploratory)" in body
    assert "does not settle" in body
    assert "- **INCONCLUSIVE** `policy kept`: policy: no interval can be given" in body
    assert "cannot promote an adapter" in body


def test_whatever_is_missing_says_so(records: Callable[..., CardRecords], bare: dict[str, Any]) -> None:
    body = body_of(render_card(card_context(records(**bare))).text)
    for reason in (
        "the metric raised ValueError: no tokens",
        "the rule gave none",
        "this side has no such measurement",
        "the recipe's settings name no rank and alpha",
        "the trainer reported no loss",
        "the training set was kept clear of no evaluation set",
        "the base has no name on the hub",
        "no licence is stated",
        "not run from a git repository",
        "not recorded",
    ):
        assert f"not measured: {reason}" in body, reason
    assert "No guardrail has looked through the answers" in body
    assert not re.search(r"\bnan\b|None|Undefined", body)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize("context", ["whole", "claimed"])
def test_no_text_leaves_its_place(request: pytest.FixtureRequest, context: str, text: str) -> None:
    given = request.getfixturevalue(context).model_dump()
    tame = CardContext.model_validate(with_every_text(given, "x"))
    hostile = CardContext.model_validate(with_every_text(given, text))
    card = render_card(hostile).text
    body = body_of(card)
    assert blocks(body) == blocks(body_of(render_card(tame).text))
    inline = {child.type for token in PARSER.parse(body) for child in token.children or ()}
    assert inline <= {"text", "code_inline", "strong_open", "strong_close", "softbreak"}
    assert not re.search("[\x00-\x09\x0b-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", card)
    assert max(map(len, card.splitlines())) < 200_000
    assert yaml.safe_load(REGEX_YAML_BLOCK.match(card)[2]) == hub_metadata(hostile)  # type: ignore[index]


@pytest.fixture
def tame_blocks(whole: CardContext) -> list[tuple[str, int]]:
    """The blocks of a card whose every text is harmless."""
    tame = CardContext.model_validate(with_every_text(whole.model_dump(), "x"))
    return blocks(body_of(render_card(tame).text))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=40).filter(lambda text: one_line(text).strip()))
def test_whatever_the_text_the_blocks_are_the_same(
    whole: CardContext, tame_blocks: list[tuple[str, int]], text: str
) -> None:
    body = body_of(render_card(CardContext.model_validate(with_every_text(whole.model_dump(), text))).text)
    assert blocks(body) == tame_blocks
    assert "html_inline" not in {child.type for token in PARSER.parse(body) for child in token.children or ()}


def test_a_project_puts_its_template_in_front(whole: CardContext, tmp_path: Path) -> None:
    (tmp_path / CARD).write_text("{{ about.title }} {% include 'note.jinja' %}\n", encoding="utf-8")
    (tmp_path / "note.jinja").write_text("{{ '<b>' ~ about.licence }}", encoding="utf-8")
    card = render_card(whole, tmp_path)
    assert card.text.endswith("---\n\nNorthwind Bank support assistant &#60;b&#62;Apache-2.0")
    assert card.templates == {name: file_id(tmp_path / name) for name in (CARD, "note.jinja")}


def test_without_one_the_installed_template_is_used(whole: CardContext, tmp_path: Path) -> None:
    card = render_card(whole, tmp_path)
    assert card == render_card(whole)
    assert card.templates == {CARD: file_id(installed_templates() / CARD)}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a\n{{ abuot.title }}", r":2: .*'abuot' is undefined"),
        ("a\n\n{{ about.titel }}", r":3: .*no attribute 'titel'"),
        ("{{ about.title | shout }}", r":1: .*No filter named 'shout'"),
        ("{% if %}", r":1: .*Expected an expression"),
        ("{% set gone = none %}{{ gone }}", r":1: .*cannot print a NoneType"),
        ("{{ decision.look + about.title }}", r":1: .*unsupported operand"),
    ],
)
def test_a_fault_in_a_template_names_file_and_line(
    whole: CardContext, tmp_path: Path, template: str, message: str
) -> None:
    (tmp_path / CARD).write_text(template, encoding="utf-8")
    with pytest.raises(ProjectError, match=re.escape(str(tmp_path / CARD)) + message):
        render_card(whole, tmp_path)


def test_a_templates_directory_must_exist(whole: CardContext, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no such templates directory"):
        render_card(whole, tmp_path / "absent")
