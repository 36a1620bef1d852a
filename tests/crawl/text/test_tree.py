"""HTML trees: repairs before parsing, and the XPath helpers."""

from __future__ import annotations

import pytest

from crawl.text.tree import MAX_TAG, elements, first, has_class, inner_text, parse, strings


def text_of(html):
    return inner_text(parse(html))


def attributes_of(html, tag):
    return dict(first(parse(html), f"//{tag}").attrib)


@pytest.mark.parametrize("html", ["", " \n", "<!-- only a comment -->", "<!doctype html>", "\x00"])
def test_a_page_without_an_element_has_no_tree(html):
    assert parse(html) is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a<!-- comment -->b", "ab"),
        ("<p>a<?php echo 1 ?>b", "ab"),
        ("<p>a\x08b\x0bc\ufffed", "a b c d"),
        ("<p>tab\tand\nline", "tab\tand\nline"),
        ("<p>a\ud800b", "a?b"),
        ("<p>&#1; &#x1f; &#XB; &#0;", "       "),
        ("<p>a&#11 b", "a  b"),
        ("<p>&#10;|&#9;|&#x41;|&#33;|&#127;|&#x1F0;", "\n|\t|A|!|\x7f|ǰ"),
        ("<p>&#110; &#300;", "n Ĭ"),
        ("<p>&#xfffe;&#65535;|&#65533;", "  |\ufffd"),
        ("<p>é &eacute; 数", "é é 数"),
    ],
)
def test_characters_that_a_tree_cannot_hold_become_spaces(html, text):
    assert text_of(html) == text


def test_a_tree_has_no_comments_and_no_processing_instructions():
    assert [element.tag for element in parse("<p>a<!-- b --><b>c</b><?php d ?>").iter()] == [
        "html",
        "body",
        "p",
        "b",
    ]


@pytest.mark.parametrize(
    ("html", "tags"),
    [
        ("<p><m:math><m:mi>x</m:mi></m:math>", ["math", "mi"]),
        ("<p><mml:math><mml:semantics><mml:annotation>x", ["math", "semantics", "annotation"]),
        ("<p><m:math><m:mi>x</m:mi></m:math><m:note>y", ["math", "mi", "m:note"]),
        ("<p><m:note>y</m:note>", ["m:note"]),
        ("<p><a:math></a:math><b:math><b:mn>1", ["math", "math", "mn"]),
    ],
)
def test_only_prefixes_of_mathml_are_removed(html, tags):
    assert [element.tag for element in first(parse(html), "//p").iter()] == ["p", *tags]


def test_only_a_very_long_tag_loses_its_attributes():
    long, short = "x" * MAX_TAG, "x" * (MAX_TAG // 2)
    assert attributes_of(f"<p id=a>text</p><p class='{long}'>text</p>", "p[2]") == {}
    assert attributes_of(f"<p id=a>text</p><p class='{long}'>text</p>", "p[1]") == {"id": "a"}
    assert attributes_of(f"<p class='{short}'>{short}</p><b>{short}</b>", "p") == {"class": short}


def test_long_text_before_a_short_tag_keeps_the_tag():
    long = "1 < 2 " * MAX_TAG
    assert attributes_of(f"{long}<p id=a>text</p>", "p") == {"id": "a"}
    assert text_of(f"<p>{long}</p>").endswith("1 < 2 ")


def test_a_large_text_and_deep_nesting_are_parsed():
    assert len(text_of(f"<p>{'x' * 11_000_000}")) == 11_000_000
    assert parse("<div>" * 5000 + "deep") is not None


@pytest.mark.parametrize(
    ("classes", "found"),
    [
        ("answer", True),
        (" first  answer ", True),
        ("first\n\tanswer\nlast", True),
        ("note", True),
        ("answers", False),
        ("my-answer", False),
        ("Answer", False),
        ("", False),
    ],
)
def test_has_class_finds_whole_class_names(classes, found):
    tree = parse(f"<body><p class='{classes}'>x</p></body>")
    assert (first(tree, f"//p[{has_class('answer', 'note')}]") is not None) is found


def test_has_class_ignores_elements_without_classes():
    assert elements(parse("<p>x</p><div id=answer>y</div>"), f"//*[{has_class('answer')}]") == []


def test_strings_returns_attributes_and_texts_in_document_order():
    tree = parse("<a href=1>one</a><a>none</a><a href=2>two</a>")
    assert strings(tree, "//a/@href") == ["1", "2"]
    assert strings(tree, "//a[@href]/text()") == ["one", "two"]
    assert first(tree, "//b") is None


def test_inner_text_includes_nested_text_and_tails_inside_but_not_its_own_tail():
    (bold,) = elements(parse("<p>a<b> b<i>c</i>d </b>e</p>"), "//b")
    assert inner_text(bold) == " bcd "
