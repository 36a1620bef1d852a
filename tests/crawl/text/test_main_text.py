"""Selection of a page's content blocks: two extractors, and the blocks that must be kept."""

import re

import pytest

from crawl.text.blocks import Block, blocks_of, join
from crawl.text.main_text import chosen, is_cue, lost_between, main_blocks
from crawl.text.tree import parse

TOKEN = re.compile(r"xq\d+xq")
PROSE = "<p>" + "Energy is neither made nor lost, it only changes its form in a closed system. " * 6 + "</p>"
MENU = "<div class='sidebar menu'><ul>" + "<li><a href=/>Something else</a></li>" * 30 + "</ul></div>"


def main_text(body, declared=(), title=""):
    tree = parse(f"<html><body>{body}</body></html>")
    return join(main_blocks(tree, blocks_of(tree), TOKEN, declared, title))


def block(text, boilerplate=False):
    return Block(text, True, boilerplate, parse("<p>x"), False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A. 5 J", True),
        ("(b) 10 J", True),
        ("3. Find the mass.", True),
        ("Answer: B", True),
        ("**Solution.** First", True),
        ("Lösung: 5", True),
        ("```\nx = 1\n```", True),
        ("so xq17xq holds", True),
        ("A man walks", False),
        ("Answering is easy", False),
        ("Posted 3 days ago", False),
    ],
)
def test_is_cue_recognizes_formulas_options_and_answers(text, expected):
    assert is_cue(text, TOKEN) is expected


def test_the_precise_selection_is_used_unless_it_loses_half_of_the_text_or_a_cue():
    sizes = [10] * 10
    everything = set(range(10))
    assert chosen({0, 1, 2, 3, 4}, everything, sizes, cues=set()) == {0, 1, 2, 3, 4}
    assert chosen({0, 1, 2, 3}, everything, sizes, cues=set()) == everything
    assert chosen({0, 1, 2, 3, 4}, everything, sizes, cues={1, 2}) == {0, 1, 2, 3, 4}
    assert chosen({0, 1, 2, 3, 4}, everything, sizes, cues={1, 7}) == everything
    assert chosen({0, 1, 2}, {0, 1}, sizes, cues={2}) == {0, 1, 2}


def test_cues_and_prose_between_kept_blocks_are_restored():
    long = "word " * 24
    texts = [long, "kept", long, "A. 5", "Reply", long, "kept", "A. 5"]
    blocks = [block(text, boilerplate=number == 5) for number, text in enumerate(texts)]
    assert lost_between({1, 6}, blocks, cues={3, 7}) == {2, 3, 1} - {1}
    assert lost_between(set(), blocks, cues={3}) == set()


def test_short_options_that_trafilatura_drops_are_kept_and_the_menu_is_dropped():
    options = "".join(f"<li>{value} J</li>" for value in (5, 10, 20, 40))
    text = main_text(f"{MENU}{PROSE}<p>How much energy?</p><ol type=A>{options}</ol><p>Answer: B</p>{PROSE}")
    for line in ("A. 5 J", "B. 10 J", "C. 20 J", "D. 40 J", "Answer: B"):
        assert line in text
    assert "Something else" not in text


def test_declared_blocks_are_kept_and_boilerplate_with_the_same_words_is_dropped():
    body = f"<nav>It is 7.</nav>{PROSE}<div class='comment sidebar'><div>It is 7.</div></div>{PROSE}"
    assert "It is 7." not in main_text(body)
    assert main_text(body, declared=["Yes.\nIt is 7."]).count("It is 7.") == 1
    code = f"{PROSE}<div class='sidebar'><pre>x = 1\n\ny = 2</pre></div>"
    assert "x = 1" in main_text(code, declared=["So:\n\n```\nx = 1\n\ny = 2\n```"])


def test_a_heading_that_the_title_repeats_is_kept_even_in_boilerplate():
    body = f"<nav><h1>How much is lost?</h1><h1>Home page</h1></nav>{PROSE}"
    text = main_text(body, title="How much is lost? - Physics")
    assert text.startswith("# How much is lost?")
    assert "Home page" not in text


def test_if_both_extractors_find_almost_nothing_all_but_boilerplate_is_kept(monkeypatch):
    monkeypatch.setattr("crawl.text.main_text.extract_plain_text", lambda *_, **__: "")
    monkeypatch.setattr("crawl.text.main_text.extract", lambda _: None)
    assert main_text("<nav>menu</nav><p>One.</p><p>Two.</p>") == "One.\n\nTwo."


def test_page_text_that_looks_like_a_mark_is_harmless():
    assert "qz99999999zq" in main_text(f"<p>qz99999999zq and qz1zq are no marks of ours.</p>{PROSE}")
