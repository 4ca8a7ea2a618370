from xml.etree import ElementTree

from markupsafe import Markup

from qlora_gov.reports.plots.svg import across, element, label, line, mark, picture


def test_text_and_attributes_are_escaped_and_markup_is_kept() -> None:
    made = element(
        "g", '<script>"', Markup("<b/>"), class_='a"><img src=x onerror=alert(1)>', stroke_width=1.0, rx=None
    )
    assert made == (
        '<g class="a&#34;&gt;&lt;img src=x onerror=alert(1)&gt;" stroke-width="1">&lt;script&gt;&#34;<b/></g>'
    )


def test_a_picture_has_a_role_a_title_and_a_description() -> None:
    made = ElementTree.fromstring(picture("bar", 14, "<title>", "what & why", line("axis", 0, 1, 100, 1)))
    assert (made.get("role"), made.get("class"), made.get("width"), made.get("height")) == (
        "img",
        "plot bar",
        "100%",
        "14",
    )
    assert [(child.tag, child.text) for child in made] == [("title", "<title>"), ("desc", "what & why"), ("line", None)]


def test_places_are_shares_of_the_width() -> None:
    assert (across(38), across(12.5), across(100 / 3)) == ("38%", "12.5%", "33.33%")


def test_text_stays_text_and_marks_keep_their_size() -> None:
    text = ElementTree.fromstring(label("0.05 & more", 50, 47, "end"))
    assert (text.text, text.get("x"), text.get("text-anchor")) == ("0.05 & more", "50%", "end")
    shape = ElementTree.fromstring(mark("estimate pass", 50, 15, "M0 0h1"))
    assert (shape.get("x"), shape.get("viewBox")) == ("50%", None)
