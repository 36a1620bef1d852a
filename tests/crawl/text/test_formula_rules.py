"""Which elements are formulas, displayed formulas, exponents or footnote marks (mathematics.py)."""

from __future__ import annotations

import pytest

from crawl.text.blocks import full_text
from crawl.text.mathematics import MAX_SCRIPT, Formulas, save_formulas
from crawl.text.tree import parse

ANNOTATION = '<annotation encoding="application/x-tex">x^2</annotation>'
DRAWN = '<span class="MathJax">x2</span>'
SCRIPT = '<script type="math/tex">x^2</script>'


def text_of(html):
    tree = parse(f"<html><body><p>{html}</p></body></html>")
    formulas = Formulas(html)
    save_formulas(tree, formulas)
    return formulas.restore(full_text(tree))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f'<span class="mwe-math-element"><math>{ANNOTATION}</math><img src=a alt="y"></span>', r"\(x^2\)"),
        (f'<span class="MathJax_SVG"><svg></svg><math>{ANNOTATION}</math></span>', r"\(x^2\)"),
        (f'<span class="katex"><math display="block">{ANNOTATION}</math></span>', r"\[x^2\]"),
        (f'<span class="mwe-math-element display">{ANNOTATION}</span>', r"\[x^2\]"),
        (f'<span class="katexes">{ANNOTATION}</span>', "x^2"),
        ('<math mode="display"><mi>x</mi></math>', r"\[x\]"),
        ('<math alttext="x^2"></math>', r"\(x^2\)"),
        ('<math alttext=" "><mi>y</mi></math>', r"\(y\)"),
        ('<math><annotation encoding="TeX">z</annotation><mi>y</mi></math>', r"\(y\)"),
        ('<math><annotation encoding="LaTeX/tex">z</annotation><mi>y</mi></math>', r"\(z\)"),
        ("<math><annotation encoding='tex'></annotation><mi>y</mi></math>", r"\(y\)"),
    ],
)
def test_mathml_and_its_wrappers(html, text):
    assert text_of(html) == text


def test_mathml_nested_too_deeply_is_its_text():
    assert text_of("<math>" + "<mrow>" * 1500 + "<mi>x</mi>") == r"\(x\)"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f"{DRAWN}{SCRIPT}", r"\(x^2\)"),
        (f"{DRAWN} \n{SCRIPT}", r"\(x^2\)"),
        (f"{DRAWN} and {SCRIPT}", r"and \(x^2\)"),
        (f'<span class="mjx-chtml">x2</span>{SCRIPT}', r"\(x^2\)"),
        (f'<span class="mjx-chtml">x2</span> and {SCRIPT}', r"x2 and \(x^2\)"),
        (f'<span class="note">see</span>{SCRIPT}', r"see\(x^2\)"),
        ('<span class="MathJax_Preview">x2</span>', ""),
        ('<span class="MathJax_Display">x2</span>', ""),
        ('<script type="math/tex; mode=inline">x</script>', r"\(x\)"),
        ('<script type="math/mml">x</script>', ""),
        ('<script type="math/asciimath"> x </script>', "`x`"),
        (f"a{SCRIPT}b", r"a\(x^2\)b"),
    ],
)
def test_mathjax_scripts_replace_their_drawing(html, text):
    assert text_of(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<span data-tex="x^2">x2</span>', r"\(x^2\)"),
        ('<span data-latex="x^2">x2</span>', r"\(x^2\)"),
        ('<span data-math="" data-tex="x^2">x2</span>', r"\(x^2\)"),
        ('<span data-math="x"></span>', r"\(x\)"),
        ('<span data-math="x">text</span>', "text"),
        ('<span data-math="\\(x^2\\)">text</span>', "text"),
        ('<div data-math="x^2"></div>', r"\[x^2\]"),
        ('<span class="mathjax">x_1</span>', r"\(x_1\)"),
        ('<span class="mathJaxEqu">\\alpha</span>', r"\(\alpha\)"),
        ('<div class="math">x_1</div>', r"\[x_1\]"),
        ('<span class="math display">x_1</span>', r"\[x_1\]"),
        ('<span class="math"><b>x_1</b></span>', "x_1"),
        ('<span class="math">x_1<b>2</b></span>', "x_12"),
        ('<span class="math">100 %</span>', "100 %"),
        ('<span class="mathematics">x_1</span>', "x_1"),
    ],
)
def test_tex_that_a_script_renders(html, text):
    assert text_of(html) == text


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ('src="/mathtex.cgi?x"', r"\(x\)"),
        ('src="/media/math/render/svg/1" alt="x"', r"\(x\)"),
        ('src="/a.gif?latex=x%2By"', r"\(x+y\)"),
        ('src="/latex/a.gif?x&amp;space;+&amp;space;y"', r"\(x + y\)"),
        ('class="Equation" src=a alt="x"', r"\(x\)"),
        ('class="texture" src=a alt="x"', ""),
        ('class="math" src="a.png"', ""),
        ('class="tex" src=a alt="the big graph"', "the big graph"),
        ('class="tex" src=a alt="big graph"', r"\(big graph\)"),
        ('class="tex" src=a alt="the big graph x_1"', r"\(the big graph x_1\)"),
    ],
)
def test_images_of_formulas(image, text):
    assert text_of(f"<img {image}>") == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("1<sup>ST</sup>", "1ST"),
        ("Name<sup>TM</sup>", "NameTM"),
        ("n<sup>o</sup>", "n^{o}"),
        (f"x<sup>{'y' * MAX_SCRIPT}</sup>", f"x^{{{'y' * MAX_SCRIPT}}}"),
        (f"x<sup>{'y' * (MAX_SCRIPT + 1)}</sup>", f"x{'y' * (MAX_SCRIPT + 1)}"),
        ("x<sup> </sup>y", "x y"),
        ("x<sup>2</sup><sub>i</sub>", "x^{2}_{i}"),
        ("a<sup>*</sup>", "a^{*}"),
        ('a<sup><a href="#1">*</a></sup>', "a*"),
        ('a<sup><a href="#1">**</a></sup>', "a**"),
        ('a<sup><a href="#1">*a</a></sup>', "a[*a]"),
        ('a<sup><a href="#1">[note 2]</a></sup>', "a[note 2]"),
        ('a<a name="x"><sup>2</sup></a>', "a^{2}"),
        ('<a href="/x">a<sup>2</sup></a>', "a^{2}"),
        ('<a href="/x"><sup>2</sup>He</a>', "^{2}He"),
        ('<a href="/x"><sup>2</sup><b>He</b></a>', "^{2}He"),
        ('<a href="/x"><b>a</b><sup>2</sup></a>', "a^{2}"),
    ],
)
def test_exponents_ordinals_and_footnote_marks(html, text):
    assert text_of(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<sup>1</sup>/<sub>2</sub>", "1/2"),
        ("3<sup>1</sup>/<sub>2</sub> m", "3 1/2 m"),
        ("<b>3</b><sup>1</sup> ⁄ <sub>2</sub>", "31/2"),
        ("is <sup>1</sup>/<sub>2</sub>", "is 1/2"),
        ("3<sup>1</sup><sub>2</sub>", "3^{1}_{2}"),
        ("3<sup>1</sup>/<b>2</b>", "3^{1}/2"),
        ("3<sup>1</sup>:<sub>2</sub>", "3^{1}:_{2}"),
    ],
)
def test_fractions_in_small_print(html, text):
    assert text_of(html) == text


@pytest.mark.parametrize("tag", ["code", "kbd", "samp", "textarea"])
def test_dollars_in_code_are_not_formulas(tag):
    tree = parse(f"<body><{tag}>$x$ <b></b> $y$</{tag}> $z$</body>")
    formulas = Formulas("")
    save_formulas(tree, formulas)
    assert list(formulas.found.values()) == ["$z$"]


def test_a_formula_inside_another_is_counted_once():
    formulas = Formulas("")
    outer = formulas.hold(f"{formulas.hold('x')}^2")
    assert formulas.share_in(outer) == 1.0
    assert formulas.restore(outer) == "x^2"


def test_the_share_counts_each_formula_once_and_is_1_without_formulas():
    formulas = Formulas("")
    assert formulas.share_in("text") == 1.0
    first, _ = formulas.hold("x"), formulas.hold("y")
    assert formulas.share_in(f"{first} {first}") == 0.5
    assert formulas.share_in("") == 0.0


def test_tokens_differ_from_page_to_page():
    assert Formulas("one page").hold("x") != Formulas("another page").hold("x")
