"""Pages -> texts: extraction of text and metadata, also from malformed pages."""

import json

import pytest

from commands import gr
from crawl.extract import extract, text_row
from crawl.response import compress, read_page
from gr_toolkit.console import Summary
from gr_toolkit.settings import Settings
from rows import fill, rows_of
from shards import older, put

PROSE = "<p>" + "Energy is neither made nor lost, it only changes its form in a closed system. " * 6 + "</p>"


def row_of(html, content_type="text/html; charset=utf-8"):
    body = html if isinstance(html, bytes) else html.encode("utf-8", "surrogatepass")
    return text_row({"id": "1", "url": "http://e.org/", "content_type": content_type, "html": compress(body)})


def text_of(body):
    return row_of(f"<html lang=en><body>{body}</body></html>")["text"]


def test_title_language_licence_author_and_date():
    html = (
        "<html lang='es-MX'><head><title> Una\n página </title><meta name=author content=Ada>"
        "<meta name=date content=2024-05-06></head><body>" + PROSE + "<a rel='license' "
        "href='https://creativecommons.org/licenses/by-sa/4.0/deed.es'>CC</a></body></html>"
    )
    row = row_of(html)
    assert (row["title"], row["language"], row["license"]) == ("Una página", "es", "CC BY-SA 4.0")
    assert (row["author"], row["date"]) == ("Ada", "2024-05-06")
    assert row["kept"]


@pytest.mark.parametrize(
    ("markup", "license"),
    [
        ('<a href="https://creativecommons.org/publicdomain/zero/1.0/">x</a>', "CC0 1.0"),
        (
            '<script type="application/ld+json">{"license": "https://e.org/terms"}</script>',
            "https://e.org/terms",
        ),
        ('<link rel="license" href="/own-terms">', "/own-terms"),
        ("<p>all rights reserved</p>", None),
    ],
)
def test_licences(markup, license):
    assert row_of(f"<html><body>{PROSE}{markup}</body></html>")["license"] == license


def test_an_undeclared_language_is_detected_from_the_text():
    german = "<p>" + "Die Energie wird weder erzeugt noch vernichtet, sie ändert nur ihre Form. " * 3 + "</p>"
    assert row_of(german)["language"] == "de"


def test_boilerplate_is_removed_and_text_is_kept():
    text = text_of(f"<nav><a href=/>Home page</a></nav><h1>Energy</h1>{PROSE}<footer>Imprint</footer>")
    assert "Energy is neither made nor lost" in text
    assert "Home page" not in text
    assert "Imprint" not in text


def test_short_options_and_answers_are_kept():
    options = "".join(f"<li>{value} J</li>" for value in (5, 10, 20, 40))
    text = text_of(f"{PROSE}<p>How much energy?</p><ol type=A>{options}</ol><p>Answer: B</p>{PROSE}")
    for line in ("A. 5 J", "B. 10 J", "C. 20 J", "D. 40 J", "Answer: B"):
        assert line in text


def test_hidden_solutions_are_revealed():
    text = text_of(
        f"{PROSE}<details><summary>Show answer</summary><p>It is 42 joules.</p></details>"
        '<div class="solution" style="display: none"><p>It is 43 joules.</p></div>'
        '<div class="spoiler" hidden><p>It is 44 joules.</p></div>'
    )
    for number in (42, 43, 44):
        assert f"It is {number} joules." in text


def test_tex_is_not_escaped_and_exponents_are_kept():
    row = row_of(f"<html><body>{PROSE}<p>Let $b_1$ and \\(c_2\\) be 10<sup>28</sup>.</p></body></html>")
    assert r"Let $b_1$ and \(c_2\) be 10^{28}." in row["text"]
    assert row["math_kept"] == 1.0


def test_qa_markup_is_kept_with_tex():
    row = row_of(
        f"<html><body>{PROSE}<div data-type=exercise><p data-type=problem>What is 2<sup>3</sup>?</p>"
        "<p data-type=solution>\\(8\\)</p></div></body></html>"
    )
    answer = {"text": r"\(8\)", "accepted": True, "votes": None}
    assert row["qa_markup"] == [{"question": "What is 2^{3}?", "answers": [answer]}]
    assert "What is 2^{3}?" in row["text"]


def test_a_declared_answer_is_kept_in_the_text_with_code_and_formulas():
    answer = "<p>Use this:</p><pre>a = 1\n\nb = 2</pre><p>It is x<sup>2</sup>.</p>"
    row = row_of(
        f"<html><body>{PROSE}<div class='sidebar comment'><div data-type=exercise>"
        f"<p data-type=problem>How?</p><div data-type=solution>{answer}</div></div></div>{PROSE}"
    )
    (marked,) = row["qa_markup"]
    assert marked["answers"][0]["text"] == "Use this:\n\n```\na = 1\n\nb = 2\n```\n\nIt is x^{2}."
    assert marked["answers"][0]["text"] in row["text"]


def test_boilerplate_is_removed_from_a_page_too_large_for_trafilatura():
    menu = "<nav>" + "<a href=/>Home page</a>" * 50 + "</nav>"
    row = row_of(f"<html><body>{menu}<h1>Energy</h1>{PROSE * 700}</body></html>")
    assert row["text"].count("Energy is neither") == 6 * 700
    assert "Home page" not in row["text"]


@pytest.mark.parametrize(
    "html", ["", "   ", "<html></html>", "<script>var a = 1</script>", "<!-- -->", "\x00"]
)
def test_a_page_without_text_is_rejected(html):
    row = row_of(html)
    assert (row["kept"], row["reason"], row["text"]) == (False, "no text", "")


def test_a_page_that_cannot_be_parsed_is_rejected():
    row = text_row({"id": "1", "url": "http://e.org/", "content_type": "", "html": b"not zstd"})
    assert not row["kept"]
    assert str(row["reason"]).startswith("cannot be parsed: ")


def test_declared_answers_are_the_text_of_a_page_without_other_text():
    question = {"@type": "Question", "name": "How much?", "acceptedAnswer": {"text": "42 J"}}
    row = row_of(f'<script type="application/ld+json">{json.dumps(question)}</script><div id="app"></div>')
    assert (row["text"], row["extract_ratio"]) == ("How much?\n\n42 J", 1.0)


def test_control_characters_are_removed():
    text = text_of(f"{PROSE}<p>so\x08 x<sup>\x0b2</sup> is \x1f$y\x0c$ &#11;&#x1F;\ufffe.</p>{PROSE}")
    assert "so x^{2} is $y $ ." in text


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + "deep",
        "<b>" * 100_000 + "deep",
        "<table><tr><td>" * 30_000,
        "<p>a<math>" + "<mrow>" * 5000 + "<mi>x</mi>",
        "<p>a" + "<sup>2" * 20_000,
        "<p>" + "x<sup>2</sup>" * 20_000,
        "<p>" + "<sup>1</sup>/<sub>2</sub>" * 20_000,
        "<div class=exercise-like>q<div class='solution solution-like'>x</div>" * 2_000,
        "<div class=exercise-like>" + "<div class='solution solution-like'>x</div>" * 20_000,
        "<div itemscope itemtype=https://schema.org/Question>" + "<p itemprop=acceptedAnswer>x</p>" * 2_000,
        "<p>" + "\\( " * 200_000,
        "<p>" + "$a " * 200_000,
        "<p " + " ".join(f"a{number}=1" for number in range(100_000)) + ">text",
        "<details>" * 50_000 + "x",
        "<p>" + "words " * 500_000,
        "<ul>" + "<li>option</li>" * 30_000,
        "<p>&#xD800; \ud800 text",
        b"\xff\xfe\x00\xd8<p>text",
        bytes(range(256)) * 100,
    ],
    ids=lambda html: str(html)[:20],
)
def test_no_page_crashes_or_hangs(html):
    row = row_of(html)
    assert row["kept"] == bool(row["text"])


def test_only_kept_pages_get_a_row_and_a_second_run_finds_no_pending_shard(store):
    kept = read_page("http://e.org/", 0, 200, {"content-type": "text/html"}, PROSE.encode()).row
    lost = read_page("http://e.org/x", 0, 404, {"content-type": "text/html"}, b"").row
    for shard in ("000001", "000002"):
        with store.table("pages").writing():
            store.table("pages").write(shard, [{**kept, "id": shard}, lost])
    settings = Settings(data=store.data, workers=2)
    summaries: list[Summary] = []
    extract(store, settings, summaries)
    extract(store, settings, summaries)
    summary, again = summaries
    assert (summary.rows_in, summary.rows, summary.shards) == (4, 2, 2)
    assert [row["id"] for row in rows_of(store, "texts")] == ["000001", "000002"]
    assert again.rows_in == 0


def test_shards_with_a_reason_are_extracted_again_with_what_was_made_from_them(store, tmp_path):
    page = read_page("http://e.org/", 0, 200, {"content-type": "text/html"}, PROSE.encode()).row
    failed = fill("texts", kept=False, reason="cannot be parsed: RecursionError: too deep")
    for shard in "12":
        store.table("pages").write(shard, [{**page, "id": shard}])
        store.table("texts").write(shard, [failed if shard == "1" else fill("texts", "2")])
        store.table("pairs").write(shard, [])
    code, output, errors = gr(tmp_path, "crawl", "extract", "--again", "cannot be parsed", "--json")
    assert (code, json.loads(output)["steps"][0]["shards"]) == (0, 1)
    assert errors == "moved these shards to gr-data/replaced, to make them again: texts 1, pairs 1\n"
    assert [(row["id"], row["reason"]) for row in rows_of(store, "texts")] == [("1", None), ("2", None)]
    assert store.table("pairs").shards() == ["2"]


def test_texts_of_a_version_that_cannot_be_read_are_extracted_again(store, tmp_path):
    page = read_page("http://e.org/", 0, 200, {"content-type": "text/html"}, PROSE.encode()).row
    store.table("pages").write("1", [page])
    put(store, "texts", "1", older("texts", [fill("texts")], extract_ratio=None))
    code, _, errors = gr(tmp_path, "curate", "extract")
    assert (code, len(errors.splitlines())) == (1, 1)
    command = errors.strip().rpartition("Make it again with: gr ")[2]
    assert command == "crawl extract --again outdated"
    assert gr(tmp_path, *command.split())[0] == 0
    assert [row["id"] for row in rows_of(store, "texts")] == [page["id"]]
