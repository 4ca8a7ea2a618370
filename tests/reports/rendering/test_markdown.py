import math

import jinja2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markupsafe import Markup

from qlora_gov.records import Absent
from qlora_gov.reports.rendering.markdown import code, escaped, joined, printed
from qlora_gov.text import one_line

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def text_of(markdown: str) -> str:
    """The text of a document that is nothing but text in one place; fails where it is anything else."""
    inline = [token for token in PARSER.parse(markdown) if token.type == "inline"]
    assert len(inline) == 1
    children = inline[0].children or []
    assert {child.type for child in children} <= {"text"}
    return "".join(child.content for child in children)


@given(st.text(max_size=60))
@example("a | b \\| c \\")
@example("# <b>*x* _y_ `z` ~~w~~ [l](u) ![i](u) &amp; &#124; $m$ \\(")
@example("1. one")
@example("=====")
@example("- - -")
@example("---\nfoo: bar\n---")
@example("\u202eevil\u2066\x00\x1b[31m\u2028")
def test_any_text_is_literal_text_wherever_it_stands(text: str) -> None:
    shown = one_line(text).strip()
    if not shown:
        return
    assert text_of(escaped(text)) == shown
    assert text_of(f"# {escaped(text)}").rstrip() == shown
    assert text_of(f"- {escaped(text)}") == shown
    cells = [token for token in PARSER.parse(f"| a |\n| --- |\n| {escaped(text)} |") if token.type == "inline"]
    assert len(cells) == 2
    assert text_of(cells[1].content) == shown


@pytest.mark.parametrize("text", ["see https://example.com/x", "www.example.com", "WWW.example.com"])
def test_a_bare_address_is_no_link(text: str) -> None:
    html = MarkdownIt("commonmark").render(escaped(text))
    assert "://" not in escaped(text)
    assert "www." not in escaped(text).lower()
    assert html == f"<p>{text}</p>\n"


def test_names_stay_readable() -> None:
    assert escaped("rouge_l: 0.05 to 0.1, 1.5 x (95%)") == "rouge_l: 0.05 to 0.1, 1.5 x (95%)"
    assert escaped("-0.02") == "-0.02"


def test_code_spans_hold_plain_names_only() -> None:
    assert code("metrics/rouge_l") == "`metrics/rouge_l`"
    assert code("a`b|c") == "a&#96;b&#124;c"
    assert code("") == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Absent(absent="no <b>tokens</b>"), "not measured: no &#60;b&#62;tokens&#60;/b&#62;"),
        (True, "yes"),
        (18_342, "18,342"),
        (0.31274836, "0.3127"),
        ("a|b", "a&#124;b"),
        (Markup("**bold**"), "**bold**"),
    ],
)
def test_printed(value: object, text: str) -> None:
    assert printed(value) == text


@pytest.mark.parametrize("value", [None, math.nan, [1], {"a": 1}])
def test_what_must_not_be_printed_is_an_error(value: object) -> None:
    with pytest.raises(jinja2.TemplateRuntimeError, match="must be Absent"):
        printed(value)


def test_joined_escapes_each_value_beside_safe_ones() -> None:
    assert joined([Markup("`a`"), "<b>"]) == "`a`, &#60;b&#62;"
