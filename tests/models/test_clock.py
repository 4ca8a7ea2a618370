from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from qlora_gov.models.chat import asks_for_the_day, render
from qlora_gov.models.clock import CLOCK, Clock
from qlora_gov.models.loading import load_tokenizer
from qlora_gov.records.example import Message
from tests.support.tiny import CHAT_TEMPLATE, make_tiny_base

TALK = (Message(role="user", content="Hi"),)
LLAMA = (
    "{%- if not date_string is defined %}{%- if strftime_now is defined %}"
    '{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}'
    '{%- set date_string = "never" %}{%- endif %}{%- endif %}'
    "Today Date: {{ date_string }}\n"
)
IN_A_MACRO = (
    "{% macro head() %}It is {{ strftime_now(format='%A, %-d %B, %H:%M, 100%%') }}.\n{% endmacro %}{{ head() }}"
)
WITHOUT_SYSTEM = "{% if messages[0].role != 'system' %}{{ strftime_now('%Y-%m-%d') }}\n{% endif %}"


def written(path: Path, head: str, day: date | None = None) -> str:
    tokenizer = load_tokenizer(make_tiny_base(path, chat_template=head + CHAT_TEMPLATE))
    return render(tokenizer, TALK, clock=Clock.at(day) if day else CLOCK).split("<|start|>")[0]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (LLAMA, "Today Date: 26 Jul 2024\n"),
        (IN_A_MACRO, "It is Friday, 26 July, 00:00, 100%.\n"),
        ("\n  {% if true %}\n  {{ strftime_now('%j') }}\n  {% endif %}\n", "\n  208\n"),
        ("no clock\n", "no clock\n"),
    ],
)
def test_templates_are_told_a_day_that_stands_still(tmp_path: Path, head: str, said: str) -> None:
    assert written(tmp_path / "b", head) == said


def test_a_project_names_the_day(tmp_path: Path) -> None:
    assert written(tmp_path / "b", LLAMA, date(2026, 2, 3)) == "Today Date: 03 Feb 2026\n"


def test_whether_a_template_asks_depends_on_the_row(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(make_tiny_base(tmp_path / "b", chat_template=WITHOUT_SYSTEM + CHAT_TEMPLATE))
    system = (Message(role="system", content="Be kind."), *TALK)
    assert asks_for_the_day(tokenizer, TALK, clock=CLOCK)
    assert not asks_for_the_day(tokenizer, system, clock=CLOCK)


@pytest.mark.parametrize("head", ["", "{# strftime_now #}", "{% set unused = strftime_now('%Y') %}"])
def test_a_template_that_writes_no_time_does_not_ask(tmp_path: Path, head: str) -> None:
    tokenizer = load_tokenizer(make_tiny_base(tmp_path / "b", chat_template=head + CHAT_TEMPLATE))
    assert not asks_for_the_day(tokenizer, TALK, clock=CLOCK)


def test_another_time_is_another_whatever_is_asked() -> None:
    for clock in (CLOCK, Clock.at(date(2031, 11, 5)), Clock.at(date(2035, 2, 10))):
        for directive in ("%Y", "%y", "%m", "%B", "%b", "%d", "%j", "%H", "%I", "%p", "%M"):
            assert clock.time.strftime(directive) != clock.another.time.strftime(directive), (clock, directive)
