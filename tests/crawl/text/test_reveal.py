"""Hidden answers and solutions are revealed; other hidden text stays hidden."""

from __future__ import annotations

import pytest

from crawl.text.blocks import full_text
from crawl.text.reveal import reveal
from crawl.text.tree import first, parse


def text_of(body):
    tree = parse(f"<html><body><p>before</p>{body}</body></html>")
    reveal(tree)
    return full_text(tree).removeprefix("before").strip()


@pytest.mark.parametrize("name", ["answer", "Solution-3", "spoiler", "hint", "explanation", "proof-box"])
def test_a_hidden_element_named_like_an_answer_is_revealed(name):
    assert text_of(f'<div hidden class="{name}">x</div>') == "x"


@pytest.mark.parametrize("name", ["respuesta", "solución", "solucion", "lösung", "losung", "LÖSUNG"])
def test_names_in_other_languages_count(name):
    assert text_of(f'<div hidden class="{name}">x</div>') == "x"


@pytest.mark.parametrize("attribute", ["class", "id", "data-type"])
def test_the_name_may_be_a_class_an_id_or_a_data_type(attribute):
    assert text_of(f'<div hidden {attribute}="answer-1">x</div>') == "x"


@pytest.mark.parametrize(
    "hiding",
    [
        "hidden",
        'hidden="until-found"',
        'aria-hidden="true"',
        'style="display:none"',
        'style="color: red; display : none"',
        'hidden aria-hidden="true" style="display: none"',
    ],
)
def test_every_way_to_hide_is_revealed(hiding):
    assert text_of(f'<div class="answer" {hiding}>x</div>') == "x"


@pytest.mark.parametrize("name", ["menu", "cookie-banner", "modal"])
@pytest.mark.parametrize("hiding", ["hidden", 'aria-hidden="true"', 'style="display: none"'])
def test_other_hidden_elements_stay_hidden(name, hiding):
    assert text_of(f'<div class="{name}" {hiding}>x</div>') == ""


def test_a_revealed_element_keeps_its_other_attributes():
    tree = parse('<div hidden class="answer" data-score="3">x</div>')
    reveal(tree)
    assert dict(first(tree, "//div").attrib) == {"class": "answer", "data-score": "3"}


def test_the_style_of_an_element_that_is_shown_is_unchanged():
    tree = parse('<div class="answer" style="color: red">x</div>')
    reveal(tree)
    assert first(tree, "//div").get("style") == "color: red"


def test_a_closed_details_element_becomes_paragraphs():
    assert text_of("<details><summary>Show answer</summary>It is 42.</details>") == "Show answer\n\nIt is 42."
