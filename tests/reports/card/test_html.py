import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import pytest

from qlora_gov.canonical import file_id
from qlora_gov.errors import ProjectError
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.html import CARD, STYLE, html_environment, render_html
from qlora_gov.reports.card.markdown import render_card
from qlora_gov.reports.card.records import CardRecords
from qlora_gov.reports.rendering.templates import RecordingLoader, installed_templates
from tests.reports.card.test_markdown import CONTEXTS, body_of, frozen_classes

DRAWN = {("LossPoint", "step"), ("LossPoint", "loss"), ("LossCurve", "curve"), ("RuleLine", "contrast_kind")}
"""Read by a picture and not by the template; the curve of bars is for text, where nothing can be drawn."""
VOID = {"meta", "link", "br"}
NUMBER = re.compile(r"\d[\d,.]*\d|\d")


class Outline(HTMLParser):
    """The text of a page without its stylesheet, its elements, its ids and its links; fails on a wrong end tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.elements, self.ids, self.links = "", list[str](), list[str](), list[str]()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append(tag)
        self.attributes |= given.keys()
        self.ids += [given["id"]] if given.get("id") else []  # type: ignore[list-item]
        self.links += [value for name in ("href", "src", "action") if (value := given.get(name))]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self.text += " "
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@pytest.fixture(params=["everything", "refused", "bare", "imported", "approved"])
def context(request: pytest.FixtureRequest, records: Callable[..., CardRecords]) -> CardContext:
    """A context of each kind."""
    changes = {} if request.param == "approved" else request.getfixturevalue(request.param)
    return card_context(records(**changes))


@pytest.fixture
def whole(records: Callable[..., CardRecords], everything: dict[str, Any]) -> CardContext:
    """A context that has everything."""
    return card_context(records(**everything))


def test_every_number_of_the_markdown_card_is_in_it(context: CardContext) -> None:
    markdown = body_of(render_card(context).text)
    text = Outline(render_html(context).text).text
    assert set(NUMBER.findall(markdown)) > {"169", "144"}
    assert set(NUMBER.findall(markdown)) - set(NUMBER.findall(text)) == set()


def test_it_is_whole_and_asks_for_nothing(context: CardContext) -> None:
    page = render_html(context).text
    outline = Outline(page)
    assert not set(outline.elements) & {"script", "img", "iframe", "object", "embed", "form", "base", "video", "audio"}
    assert not [name for name in outline.attributes if name == "style" or name.startswith("on")]
    inside = {f"#{id_}" for id_ in outline.ids}
    assert set(outline.links) <= inside | {"data:,"}
    assert len(outline.ids) == len(set(outline.ids))
    assert page.startswith("<!doctype html>\n<html lang=")
    assert not re.search(r"url\(|@import|https?:", page)


def test_the_contents_lead_to_every_section(whole: CardContext) -> None:
    page = render_html(whole).text
    sections = re.findall(r'<(?:section|div class="verdict[^"]*") id="(\w+)">', page)
    assert re.findall(r'<li><a href="#(\w+)">', page) == sections
    assert len(sections) == 15


def test_the_policy_allows_this_stylesheet_by_its_digest_and_no_script(whole: CardContext) -> None:
    page = render_html(whole).text
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert (
        f"\"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'\""
        in page
    )


def test_the_decision_comes_first(records: Callable[..., CardRecords], refused: dict[str, Any]) -> None:
    outline = Outline(render_html(card_context(records(**refused))).text)
    text = " ".join(outline.text.split())
    assert "Decision: REFUSED This adapter does not meet its release policy and must not be released. Of 5" in text
    assert text.index("Decision: REFUSED") < text.index("perplexity kept") < text.index("Verdicts Each further")


def test_the_template_uses_all_of_the_context(
    whole: CardContext,
    records: Callable[..., CardRecords],
    imported: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: set[tuple[str, str]] = set()
    plain = jinja2.Environment.getattr

    def recording(self: jinja2.Environment, obj: Any, attribute: str) -> Any:
        used.add((type(obj).__name__, attribute))
        return plain(self, obj, attribute)

    monkeypatch.setattr(jinja2.Environment, "getattr", recording)
    render_html(whole)
    render_html(card_context(records(**imported)))
    parts = [cls for cls in frozen_classes(CardContext) if cls.__module__ in CONTEXTS and cls is not CardContext]
    assert {(cls.__name__, name) for cls in parts for name in cls.model_fields} - used - DRAWN == set()


def test_the_template_names_the_fields_of_the_context() -> None:
    source = (installed_templates() / CARD).read_text(encoding="utf-8")
    named = jinja2.meta.find_undeclared_variables(
        html_environment(RecordingLoader(installed_templates())).parse(source)
    )
    assert named == set(CardContext.model_fields) | {"gaps", "style", "style_digest"}


def test_the_same_context_gives_the_same_bytes_and_names_its_templates(whole: CardContext) -> None:
    card = render_html(whole)
    assert card == render_html(whole)
    assert card.templates == {name: file_id(installed_templates() / name) for name in (CARD, STYLE)}


def test_a_project_puts_its_stylesheet_in_front(whole: CardContext, tmp_path: Path) -> None:
    (tmp_path / STYLE).write_text("body { color: teal }", encoding="utf-8")
    card = render_html(whole, tmp_path)
    assert "<style>body { color: teal }</style>" in card.text
    assert card.templates == {CARD: file_id(installed_templates() / CARD), STYLE: file_id(tmp_path / STYLE)}


def test_a_project_puts_its_page_in_front_and_it_escapes_by_default(whole: CardContext, tmp_path: Path) -> None:
    (tmp_path / CARD).write_text("{{ '<b>' ~ about.licence }}", encoding="utf-8")
    assert render_html(whole, tmp_path).text == "&lt;b&gt;Apache-2.0"


def test_a_fault_in_a_template_names_file_and_line(whole: CardContext, tmp_path: Path) -> None:
    (tmp_path / CARD).write_text("a\n{{ abuot.title }}", encoding="utf-8")
    with pytest.raises(ProjectError, match=re.escape(str(tmp_path / CARD)) + r":2: .*'abuot' is undefined"):
        render_html(whole, tmp_path)
