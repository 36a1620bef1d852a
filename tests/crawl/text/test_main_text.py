"""Selection of a page's content blocks: two extractors, and the blocks that must be kept."""

import re

import pytest

from crawl.text.blocks import Block, blocks_of, join
from crawl.text.main_text import MIN_PROSE, chosen, is_cue, lost_between, main_blocks
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


@pytest.mark.parametrize(
    "text",
    [
        "h) 5", "(H) 5", "9. x", "c. x", "ANSWER 5", "Hint: x", "solution", "Option 2", "Correct!",
        "Respuesta: x", "Solución. x", "Solucion: x", "Antwort 5", "Losung", "- A. x", "x = xq1xq",
    ],
)  # fmt: skip
def test_cues(text):
    assert is_cue(text, TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "i) 5",
        "0. x",
        "10. x",
        "A.5",
        "A x",
        "Answers",
        "Hints",
        "an answer",
        "the solution",
        "`x`",
        "xqxq",
        "",
    ],
)
def test_other_texts_are_not_cues(text):
    assert not is_cue(text, TOKEN)


@pytest.mark.parametrize(
    ("precise", "cues", "used"),
    [
        (range(50), range(20), "precise"),
        (range(49), range(20), "both"),
        (range(2, 100), range(20), "precise"),
        (range(3, 100), range(20), "both"),
        (range(3, 100), [], "precise"),
    ],
)
def test_the_precise_selection_may_lose_half_of_the_text_and_a_tenth_of_the_cues(precise, cues, used):
    precise, everything = set(precise), set(range(100))
    expected = precise if used == "precise" else everything
    assert chosen(precise, everything, [1] * 100, set(cues)) == expected


def test_the_size_of_a_selection_is_its_number_of_characters():
    assert chosen({0}, {0, 1, 2}, [10, 1, 1], set()) == {0}
    assert chosen({1, 2}, {0, 1, 2}, [10, 1, 1], set()) == {0, 1, 2}


@pytest.mark.parametrize(
    ("length", "boilerplate", "cue", "restored"),
    [
        (MIN_PROSE, False, False, True),
        (MIN_PROSE - 1, False, False, False),
        (MIN_PROSE - 1, False, True, True),
        (MIN_PROSE, True, True, False),
    ],
)
def test_prose_and_cues_between_kept_blocks_are_restored(length, boilerplate, cue, restored):
    blocks = [block("kept"), block("x" * length, boilerplate), block("kept")]
    assert lost_between({0, 2}, blocks, cues={1} if cue else set()) - {0} == ({1} if restored else set())


def test_nothing_outside_the_kept_blocks_is_restored():
    blocks = [block("x" * MIN_PROSE) for _ in range(5)]
    assert lost_between({2, 3}, blocks, cues={0, 4}) <= {2, 3}


@pytest.mark.parametrize(
    ("heading", "title", "kept"),
    [
        ("<h1>How much is lost?</h1>", "How much is lost? - Forum", True),
        ("<h1>HOW much, is lost</h1>", "Physics | how much is lost?", True),
        ("<h1>How much is lost?</h1>", "How much is los", False),
        ("<h1>much</h1>", "How muchas", False),
        ("<h2>How much is lost?</h2>", "How much is lost?", False),
        ("<h1>Home</h1>", "How much is lost?", False),
    ],
)
def test_only_a_first_level_heading_in_the_title_is_kept(heading, title, kept):
    text = main_text(f"<nav>{heading}</nav>{PROSE}", title=title)
    assert text.startswith("#") is kept


def test_blocks_keep_the_order_of_the_page():
    numbered = [f"<p>Part {number}. {'Energy only changes its form. ' * 6}</p>" for number in range(30)]
    text = main_text("".join(numbered))
    assert re.findall(r"Part (\d+)", text) == [str(number) for number in range(30)]


def test_a_deeply_nested_page_is_all_blocks_outside_boilerplate():
    body = f"{MENU}<nav>Home page</nav>{PROSE}" + "<div>" * 250 + "<p>at the bottom</p>"
    text = main_text(body)
    assert "at the bottom" in text
    assert "Something else" in text
    assert "Home page" not in text


def test_a_page_of_moderate_nesting_still_loses_its_menu():
    assert "Something else" not in main_text("<div>" * 60 + f"{MENU}{PROSE}")


@pytest.mark.parametrize("name", ["share", "byline", "tags", "newsletter"])
@pytest.mark.parametrize(("elements", "dropped"), [(0, True), (15_000, False)])
def test_trafilatura_drops_small_print_unless_the_page_has_too_many_elements(name, elements, dropped):
    text = main_text(
        f"{MENU}{PROSE}<div class={name}><p>Our small print.</p></div>{PROSE}" + "<b></b>" * elements
    )
    assert "Energy is neither" in text
    assert "Something else" not in text
    assert ("Our small print." not in text) is dropped


def test_a_page_that_both_extractors_drop_is_kept_as_a_whole():
    row = "<div class='comment-footer sidebar'><span>{}</span></div>"
    text = main_text("".join(row.format(f"word{number}") for number in range(3)))
    assert text.split() == ["word0", "word1", "word2"]


def test_a_page_with_very_many_elements_is_read_without_its_boilerplate():
    body = (
        f"<nav>Home page</nav>{PROSE}"
        + "<b></b>" * 15_000
        + "<p>The end of the page, in a full sentence.</p>"
    )
    text = main_text(body)
    assert "Energy is neither" in text
    assert "Home page" not in text
