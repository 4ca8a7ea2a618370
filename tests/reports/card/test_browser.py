"""The HTML card in a real browser: what it looks like, what it asks for, and that nothing in it runs."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.html import render_html
from qlora_gov.reports.card.records import CardRecords
from tests.reports.card.test_markdown import HOSTILE, with_every_text
from tests.reports.samples import SCANS, component, measurement, measurements

pytestmark = pytest.mark.xdist_group("browser")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDE, PHONE, PAPER = 1280, 390, 720
"""Widths in CSS pixels; the last is an A4 page within its margins."""

MARKUP = [
    "<script>window.ran = 1</script>",
    '"><img src=x onerror="window.ran = 1">',
    "'><svg onload='window.ran = 1'>",
    "</style><script>window.ran = 1</script>",
    "</title></svg></code></td></table><h1>another decision: APPROVED</h1>",
    '<a href="javascript:window.ran=1" autofocus onfocus="window.ran = 1">',
    "<meta http-equiv=refresh content='0;url=https://example.com/'><link rel=stylesheet href=//example.com/x.css>",
    "<!--",
    "&lt;script&gt; &#0; &amp",
]

SHAPE = """() => Array.from(document.querySelectorAll("*"), element =>
    [element.tagName, ...element.getAttributeNames()].join(" "))"""


class Watched:
    """A page, and all that it said and asked for: nothing, beside the file itself, where all is well."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: self.said.append(dialog.message))
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path: Path, html: str) -> None:
        path.write_text(html, encoding="utf-8")
        self.page.goto(path.as_uri())
        self.asked.remove(path.as_uri())

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth"))

    def colour(self, of: str) -> str:
        return str(self.page.evaluate(f"getComputedStyle(document.body).{of}"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium of this machine."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser on this machine: none of {', '.join(BROWSERS)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        yield browser
        browser.close()


@pytest.fixture
def watched(browser: Browser) -> Callable[..., Any]:
    """Opens a page of some width, in a light or dark scheme."""

    @contextmanager
    def opened(width: int = WIDE, scheme: str = "light") -> Iterator[Watched]:
        with browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
            offline=True,
        ) as context:
            yield Watched(context.new_page())

    return opened


@pytest.fixture
def whole(records: Callable[..., CardRecords], everything: dict[str, Any]) -> CardContext:
    """A context that has everything."""
    return card_context(records(**everything))


@pytest.mark.parametrize("kind", ["everything", "bare", "imported"])
@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_it_fits_its_window_and_asks_for_nothing(
    request: pytest.FixtureRequest,
    records: Callable[..., CardRecords],
    watched: Callable[..., Any],
    tmp_path: Path,
    kind: str,
    width: int,
) -> None:
    page = render_html(card_context(records(**request.getfixturevalue(kind)))).text
    with watched(width) as card:
        card.open(tmp_path / "card.html", page)
        assert (card.said, card.asked, card.overflow) == ([], [], 0)
        assert len(card.page.query_selector_all("section")) == 14


def test_the_decision_and_the_forest_plot_are_on_the_first_screen(
    watched: Callable[..., Any], whole: CardContext, tmp_path: Path
) -> None:
    with watched() as card:
        card.open(tmp_path / "card.html", render_html(whole).text)
        tops = [card.page.locator(what).first.bounding_box() for what in ("#decision h2", ".strip", "#gaps h2")]
        assert all(box and 0 < box["y"] < 700 for box in tops)


LONG = "northwind-evaluation-suite/contextual_toxicity_classifier_multilingual_v2"
CUT_OFF = """() => Array.from(document.querySelectorAll(".scroll, .scroll *"))
    .filter(one => !(one instanceof SVGElement) && !one.closest("svg, thead"))
    .filter(one => one.clientWidth && one.scrollWidth > one.clientWidth)
    .map(one => one.tagName + " " + one.textContent.slice(0, 40))"""


@pytest.mark.parametrize("width", [WIDE, 1000, 800, 400])
def test_no_table_is_cut_off_however_long_its_names(
    records: Callable[..., CardRecords],
    everything: dict[str, Any],
    watched: Callable[..., Any],
    tmp_path: Path,
    width: int,
) -> None:
    weights = {"path": f"models/{'detectors/' * 8}model.safetensors", "digest": f"sha256:{32 * '1f'}"}
    detector = component(LONG, weights=weights, languages=["en", "de", "fr"], threshold=0.8)
    scan = SCANS[0].model_copy(update={"name": f"{LONG}_rate", "detector": detector})
    scores = (*measurements(0.31274836, 22.17, 0.0), measurement(f"{LONG}_rate", 0.01, weights=weights))
    made = records(**{**everything, "scans": (*SCANS, scan), "scores": scores, "edition": 2})
    with watched(width) as card:
        card.open(tmp_path / "card.html", render_html(card_context(made)).text)
        card.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert (card.said, card.overflow, card.page.evaluate(CUT_OFF)) == ([], 0, [])
        labels = card.page.locator("#guardrails tbody tr").first.locator("td")
        assert labels.first.get_attribute("data-label") == "champion"


def test_light_and_dark_are_two_and_paper_is_light(
    watched: Callable[..., Any], whole: CardContext, tmp_path: Path
) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        with watched(scheme=scheme) as card:
            card.open(tmp_path / "card.html", render_html(whole).text)
            colours[scheme] = (card.colour("backgroundColor"), card.colour("color"))
            card.page.emulate_media(media="print")
            colours[f"{scheme} on paper"] = (card.colour("backgroundColor"), card.colour("color"))
    assert colours["light"] == ("rgb(246, 247, 249)", "rgb(27, 35, 48)")
    assert colours["dark"] == ("rgb(16, 20, 26)", "rgb(228, 232, 238)")
    assert colours["light on paper"] == colours["dark on paper"] == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")


def test_paper_shows_all_tables_in_full(watched: Callable[..., Any], whole: CardContext, tmp_path: Path) -> None:
    with watched(PAPER) as card:
        card.open(tmp_path / "card.html", render_html(whole).text)
        folded = card.page.locator("details:not([open]) td").first
        assert not folded.is_visible()
        card.page.emulate_media(media="print")
        assert folded.is_visible()
        assert card.overflow == 0
        frames = "Array.from(document.querySelectorAll('.scroll'), one => one.scrollWidth - one.clientWidth)"
        assert set(card.page.evaluate(frames)) == {0}
        assert not card.page.locator("nav").is_visible()


@pytest.mark.parametrize("text", [*MARKUP, *HOSTILE], ids=lambda text: repr(text[:20]))
def test_no_text_becomes_anything_but_text(
    watched: Callable[..., Any], whole: CardContext, tmp_path: Path, text: str
) -> None:
    def filled(words: str) -> str:
        return render_html(CardContext.model_validate(with_every_text(whole.model_dump(), words))).text

    with watched(PHONE) as card:
        card.open(tmp_path / "tame.html", filled("x"))
        shape = card.page.evaluate(SHAPE)
        card.open(tmp_path / "hostile.html", filled(text))
        assert card.page.evaluate(SHAPE) == shape
        assert (card.said, card.asked, card.overflow) == ([], [], 0)
        assert card.page.evaluate("window.ran") is None


def test_the_page_itself_refuses_what_gets_into_it(
    watched: Callable[..., Any], whole: CardContext, tmp_path: Path
) -> None:
    image, styled = "<img src='https://example.com/x.png'>", "<p style='color: red' onclick='window.ran = 2'>"
    own = f"<script>window.ran = 1</script>{image}{styled}"
    page = render_html(whole).text.replace("</main>", f"{own}</main>")
    with watched() as card:
        card.open(tmp_path / "card.html", page)
        card.page.evaluate("document.querySelector('[onclick]').click()")  # some browsers look at a handler only then
        assert card.page.evaluate("window.ran") is None
        assert len(card.said) == 4
        assert all("Content Security Policy" in line for line in card.said)
