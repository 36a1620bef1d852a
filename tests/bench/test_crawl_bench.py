"""bench/crawl.py: its measures, and the tables and figures that it prints."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.fetching.measure import main
from bench.pages.corpus import read_corpus
from bench.pages.formulas import FormulasKept, formulas_kept, formulas_of
from bench.pages.markup import declared
from bench.pages.scores import f1, find, kept, main_text, tokens

QUESTION = "How many two letter words start with either A or B?"


def test_tokens_are_equal_in_plain_text_markdown_and_tex():
    assert tokens("So **x²** is \\(10^{28}\\) H2O.") == ["so", "x", "2", "is", "10", "28", "h", "2", "o"]
    assert tokens("1028") != tokens("10^{28}")


def test_find_needs_most_bigrams_of_a_question_in_one_window():
    asked = tokens(QUESTION)
    noise = ["noise"] * 50
    assert find(noise + asked + noise, asked) == 50
    assert find(noise + asked[:9] + noise, asked) == 50
    assert find(noise + asked[:8] + noise, asked) is None
    assert find(asked[:6] + noise + asked[6:], asked) is None
    assert find(tokens("Which? A. soma B. dendrites C. axon"), tokens("Which? soma dendrites axon")) == 0


@pytest.mark.parametrize(
    ("text", "evidence", "answer"),
    [
        (f"{QUESTION} There are 52 of them.", "52", True),
        (f"{QUESTION} There are 520 of them.", "52", False),
        (f"52. {QUESTION} None.", "52", False),  # before the question
        (f"{QUESTION} {'word ' * 60} 52", "52", False),  # too far
        (f"{QUESTION} for a total of 52 words", "of a total of 52 words", True),
        (f"{QUESTION} so 52 words", "of a total of 52 words", False),
    ],
)
def test_a_short_answer_must_follow_its_question_as_closely_as_on_the_page(text, evidence, answer):
    page = tokens(f"{QUESTION} The answer to this is 52.")
    assert kept(tokens(text), page, QUESTION, [evidence]) == (True, answer)


def test_a_short_answer_without_its_question_is_not_kept():
    page = tokens(f"{QUESTION} 52")
    assert kept(tokens("52"), page, QUESTION, ["52"]) == (False, False)


def test_main_text_is_compared_by_four_grams_of_words():
    assert main_text("a b c d e f g h", "a b c d e") == (0.4, 1.0)
    assert main_text("a b", "a b c d e") == (0.0, 0.0)
    assert main_text("x a b y", "a b") == (
        pytest.approx(1 / 3),
        1.0,
    )  # shorter n-grams for a short gold
    assert f1(0.5, 1.0) == pytest.approx(2 / 3)
    assert f1(0.0, 0.0) == 0.0


def kept_of(html, text):
    return formulas_kept(text, formulas_of(f"<html><body>{html}</body></html>"))


@pytest.mark.parametrize(
    ("html", "text", "kind", "content", "structure"),
    [
        ("<p>10<sup>28</sup> atoms</p>", "10^{28} atoms", "exponent", 1, 1),
        ("<p>10<sup>28</sup> atoms</p>", "1028 atoms", "exponent", 1, 0),
        ("<p>10<sup>28</sup> atoms</p>", "some atoms", "exponent", 0, 0),
        ("<math><mfrac><mn>1</mn><mi>x</mi></mfrac></math>", r"\(\frac{1}{x}\)", "MathML alone", 1, 1),
        ("<math><mfrac><mn>1</mn><mi>x</mi></mfrac></math>", "(1)/(x)", "MathML alone", 1, 1),
        ("<math><mfrac><mn>1</mn><mi>x</mi></mfrac></math>", "1x", "MathML alone", 1, 0),
        ("<m:math><m:msub><m:mi>v</m:mi><m:mn>0</m:mn></m:msub></m:math>", "v_{0}", "MathML alone", 1, 1),
        ("<math alttext='x^2'><mi>x</mi></math>", r"\( x^{2} \)", "MathML with TeX", 1, 1),
        (r"<p>so \(a_1 &lt; b\)</p>", r"so \(a_1 < b\)", r"\( \[ $$ \begin in the text", 1, 1),
        (r"<p>so $a_1$ and $5 or $6</p>", r"so $a\_1$", "$..$ in the text", 1, 0),
        ("<img class=tex alt='x^2' src=a.png>", "x2", "image", 1, 0),
        ("<script type='math/tex'>x^2</script>", "x^2", "script math/tex", 1, 1),
    ],
)
def test_formulas_kept_counts_content_and_structure(html, text, kind, content, structure):
    assert kept_of(html, text) == {kind: FormulasKept(1, content, structure)}


def test_formulas_of_ignores_boilerplate_code_and_footnotes():
    assert formulas_of("<nav>$x^2$</nav><pre>$x^2$</pre><p>1<sup><a href=#a>2</a></sup></p>") == []
    assert formulas_of("") == []


def test_declared_questions_are_counted_by_the_most_reliable_markup():
    answered = {"@type": "Question", "acceptedAnswer": {"text": "yes"}}
    script = f'<script type="application/ld+json">{json.dumps([answered, {"@type": "Question"}])}</script>'
    assert declared(f"<p>x</p>{script}") == ("schema.org in JSON-LD", 1, 1)
    exercise = "<div data-type=exercise><p data-type=problem>?</p><p data-type=solution>{}</p></div>"
    assert declared(exercise.format("!") + exercise.format("")) == ("OpenStax", 1, 1)
    assert declared("<p>x</p>") is None
    assert declared("") is None


def test_the_gold_data_matches_the_pages(shared):
    corpus = read_corpus(shared / "pages")
    paths = {page.path for page in corpus.pages}
    assert len(paths) == len(corpus.pages) > 0
    assert {pair.page for pair in corpus.pairs} | set(corpus.main_texts) <= paths


@pytest.mark.slow
def test_the_command_runs_every_part_on_a_small_input(shared, root, tmp_path):
    small = {"--limit": 1, "--copies": 1, "--count": 30, "--repeats": 1, "--kills": 2, "--pages": 40}
    options = [str(word) for option in small.items() for word in option]
    done = subprocess.run(
        [sys.executable, "-m", "bench.crawl", *options, "--json", str(tmp_path / "figures.json")],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    assert "| trafilatura, default |" in done.stdout
    assert "| gr crawl, rows stored |" in done.stdout
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    extractors = figures["extraction"]["extractors"]
    assert extractors["ours"]["failed"] == 0
    assert extractors["ours"]["both"]["whole"] == extractors["html2txt"]["both"]["whole"]
    assert set(figures["extraction"]["workers"]) == {"1", "2"}
    assert figures["speed"]["scrapy"]["pages"] == 30
    assert figures["warc"]["pages"] > 100
    assert (figures["kills"]["kills"], figures["kills"]["wrong_rows"]) == (2, 0)
    assert set(figures["memory"]) == {"10000", "100000"}


def test_a_folder_without_pages_is_an_error_of_one_line(tmp_path, capsys):
    assert main(["--data", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_unknown_part_is_an_error_that_names_it(capsys):
    with pytest.raises(SystemExit):
        main(["--parts", "speed,magic"])
    assert "no part named magic" in capsys.readouterr().err
