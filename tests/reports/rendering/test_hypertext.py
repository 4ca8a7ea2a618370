from html.parser import HTMLParser

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from qlora_gov.records import Absent, Interval
from qlora_gov.reports.rendering.hypertext import code, joined, printed, short_code
from qlora_gov.text import one_line


class Parts(HTMLParser):
    """The text of a piece of HTML, and the elements in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.elements = "", list[tuple[str, dict[str, str | None]]]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(max_size=60))
def test_any_text_is_text_and_nothing_else(text: str) -> None:
    assert (Parts(printed(text)).text, Parts(printed(text)).elements) == (one_line(text), [])
    named = Parts(code(text))
    assert (named.text, named.elements) == (one_line(text), [("code", {})])


@given(st.text(max_size=60))
def test_a_short_id_keeps_the_full_one_in_its_attribute(text: str) -> None:
    assert Parts(short_code(text)).elements == [("code", {"title": one_line(text)})]


def test_values() -> None:
    interval = Interval(low=0.1, high=None, level=0.95, method="t")
    assert [printed(value) for value in (True, 18_342, 0.31274836, interval, Markup("<b>"))] == [
        "yes",
        "18,342",
        "0.3127",
        "at least 0.1 (95%)",
        "<b>",
    ]
    assert printed(Absent(absent="no <b>")) == '<span class="absent">not measured: no &lt;b&gt;</span>'
    assert short_code("sha256:0123456789abcdef") == '<code title="sha256:0123456789abcdef">0123456789ab</code>'


def test_what_must_not_be_printed_is_an_error() -> None:
    with pytest.raises(jinja2.TemplateRuntimeError, match="must be Absent"):
        printed(None)


def test_joined_escapes_each_value_beside_safe_ones() -> None:
    assert joined([Markup("<i>a</i>"), "<b>"], "; ") == "<i>a</i>; &lt;b&gt;"
