"""Which text of a page is visible, and where its blocks begin and end (blocks.py)."""

from __future__ import annotations

import pytest

from crawl.text.blocks import blocks_of, full_text, join, whole_text
from crawl.text.tree import elements, first, parse


def text(body):
    return join(blocks_of(parse(f"<html><body>{body}</body></html>")))


@pytest.mark.parametrize("tag", ["button", "select", "textarea", "noscript", "template", "iframe", "object"])
def test_controls_and_scripts_have_no_visible_text(tag):
    assert text(f"<p>a<{tag}>x</{tag}>b</p>") == "ab"


@pytest.mark.parametrize("tag", ["b", "span", "a", "font", "label"])
def test_inline_elements_do_not_interrupt_a_paragraph(tag):
    assert text(f"<p>a <{tag}>x</{tag}> b</p>") == "a x b"


@pytest.mark.parametrize("tag", ["address", "article", "aside", "blockquote", "figure", "form", "main"])
def test_block_elements_are_paragraphs(tag):
    assert text(f"a<{tag}>x</{tag}>b") == "a\n\nx\n\nb"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a   b\u00a0 \n c</p>", "a b c"),
        ("<p> <b> a </b> <i> b </i> </p>", "a b"),
        ("<p>a</p> \n <p></p><p> </p><p>b</p>", "a\n\nb"),
        ("<hr>a<hr>b", "a\n\nb"),
        ("a<div><br>b</div>", "a\n\nb"),
        ("<h2>  <b> Part</b></h2>", "## Part"),
        ("<h2></h2><p>a</p>", "a"),
        ("<h2><img></h2>a", "a"),
        ("<ul><li></li></ul>a", "a"),
        ("<ul><li><div><p>a</p></div></li></ul>", "- a"),
        ("<li>a</li>", "- a"),
        ("<menu><li>a</li></menu>", "- a"),
        ("<ol><li>a<ol><li>b</li></ol></li><li>c</li></ol>", "1. a\n\n1. b\n\n2. c"),
        ("<ol><li></li><li>b</li></ol>", "2. b"),
        ("<ol start=x><li>a</li></ol>", "1. a"),
        ("<ol start=-3><li>a</li></ol>", "1. a"),
        ("<ol start=99999><li>a</li></ol>", "99999. a"),
        ("<ol start=100000><li>a</li></ol>", "1. a"),
        ("<ol start=0><li>a</li><li>b</li></ol>", "0. a\n1. b"),
        ("<ol type=a start=26><li>y</li><li>z</li></ol>", "z. y\n27. z"),
        ("<ol type=a start=0><li>y</li></ol>", "0. y"),
        ("<ol type=i><li>a</li></ol>", "1. a"),
        ("<ol type=a class=upper-alpha><li>a</li></ol>", "a. a"),
        ("<ol class=upper-latin><li>a</li></ol>", "A. a"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a | b"),
        ("<table><tr><td></td><td>a</td><td> </td></tr></table>", "a"),
        ("<table><tr><td>a</td><td></td><td>b</td></tr></table>", "a | | b"),
        ("<pre>\n\n  a\n\n    b  \n</pre>", "```\n  a\n\n    b  \n```"),
        ("<pre> \n </pre>a", "a"),
        ("<pre>a  b</pre>", "```\na  b\n```"),
        ("<p>see<pre>x</pre>there", "see\n\n```\nx\n```\n\nthere"),
        ("<ol><li><pre>x</pre></li></ol>", "1. ```\nx\n```"),
    ],
)
def test_blocks_begin_and_end_where_a_reader_sees_them(html, expected):
    assert text(html) == expected


@pytest.mark.parametrize("sign", ["¶", " § ", "#", "🔗", "⚓"])
def test_permalinks_are_left_out(sign):
    assert text(f"<h2>Part <a href='#p'>{sign}</a></h2>") == "## Part"
    assert text(f"<h2>Part <b>{sign}</b></h2>") == f"## Part {sign.strip()}"


def test_a_link_that_begins_with_a_permalink_sign_is_text():
    assert text("<p>See <a href=x># 5</a> and <a href=y>§ 3</a></p>") == "See # 5 and § 3"


@pytest.mark.parametrize(
    ("html", "boilerplate"),
    [
        ("<div style='visibility:hidden'>x</div>", True),
        ("<div style='color: red; display:none'>x</div>", True),
        ("<div style='display: block'>x</div>", False),
        ("<div aria-hidden=false>x</div>", False),
        ("<nav><div><p>x</p></div></nav>", True),
        ("<nav><nav>a</nav><p>x</p></nav>", True),
        ("<nav><div hidden>a</div>x</nav>", True),
        ("<nav>a</nav>x", False),
        ("<section><p>x</p></section>", False),
    ],
)
def test_everything_inside_boilerplate_is_boilerplate(html, boilerplate):
    last = blocks_of(parse(f"<html><body><p>before</p>{html}</body></html>"))[-1]
    assert (last.text, last.boilerplate) == ("x", boilerplate)


def test_skipped_elements_are_left_out_but_not_the_text_after_them():
    tree = parse("<body><p>a<b>skipped</b>b</p><div><i>skipped</i></div></body>")
    assert whole_text(tree, set(elements(tree, "//b | //i"))) == "ab"


def test_a_root_that_is_itself_skipped_is_read():
    tree = parse("<body><p>a</p></body>")
    paragraph = first(tree, "//p")
    assert whole_text(paragraph, {paragraph}) == "a"


def test_the_text_of_an_element_ends_with_the_element():
    tree = parse("<body><ul><li>a<b>b</b></li>tail</ul>after</body>")
    assert whole_text(first(tree, "//li")) == "ab"
    assert whole_text(first(tree, "//ul")) == "- ab\ntail"


def test_a_heading_read_by_itself_has_no_sign():
    assert full_text(first(parse("<body><h2>Part <b>one</b></h2></body>"), "//h2")) == "Part one"


def test_join_puts_an_empty_line_only_before_paragraphs():
    blocks = blocks_of(parse("<p>a<br>b</p><p>c</p>"))
    assert [block.new_paragraph for block in blocks] == [True, False, True]
    assert join(blocks[1:]) == "b\n\nc"
    assert join([]) == ""
