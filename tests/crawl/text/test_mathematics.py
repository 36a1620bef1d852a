"""Formulas are kept: MathML, TeX annotations, KaTeX, MathJax, images, exponents, TeX in the text."""

import pytest

from crawl.text.blocks import full_text
from crawl.text.mathematics import Formulas, save_formulas
from crawl.text.tex import formula_spans
from crawl.text.tree import parse


def text_of(html):
    tree = parse(f"<html><body>{html}</body></html>")
    formulas = Formulas(html)
    save_formulas(tree, formulas)
    text = full_text(tree)
    assert formulas.share_in(text) == 1.0
    return formulas.restore(text)


ANNOTATION = '<annotation encoding="application/x-tex">x^2</annotation>'
KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>x</mi></mrow>'
    f'{ANNOTATION}</semantics></math></span><span class="katex-html" aria-hidden="true">x2</span></span>'
)


@pytest.mark.parametrize(
    ("mathml", "tex"),
    [
        ("<mfrac><mn>1</mn><mn>2</mn></mfrac>", r"\frac{1}{2}"),
        ("<msup><mi>x</mi><mn>2</mn></msup>", "x^{2}"),
        ("<msup><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></msup>", "{a+b}^{2}"),
        ("<msubsup><mi>a</mi><mn>1</mn><mn>2</mn></msubsup>", "a_{1}^{2}"),
        ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", r"\sqrt{x+1}"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", r"\sqrt[3]{x}"),
        ("<mi>α</mi><mo>≤</mo><mi>Ω</mi>", r"\alpha \le \Omega"),
        ("<mi>sin</mi><mo>\u2061</mo><mi>x</mi>", r"\sin x"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover>", r"\sum_{i}^{n}"),
        ("<mover><mi>x</mi><mo>¯</mo></mover>", r"\overline{x}"),
        ("<mfenced><mi>a</mi><mi>b</mi></mfenced>", "(a,b)"),
        ("<mtext>if</mtext><mi>x</mi>", r"\text{if}x"),
        (
            "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd></mtr></mtable>",
            r"\begin{matrix}1 & 2 \\ 3\end{matrix}",
        ),
    ],
)
def test_mathml_without_tex_is_converted(mathml, tex):
    assert text_of(f"<p>so <math>{mathml}</math> holds</p>") == rf"so \({tex}\) holds"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f"<math><semantics><mi>y</mi>{ANNOTATION}</semantics></math>", r"\(x^2\)"),
        ('<math display="block" alttext="x^2"><mi>y</mi></math>', r"\[x^2\]"),
        ('<math alttext="{\\displaystyle x^2}"><mi>y</mi></math>', r"\(x^2\)"),
        (KATEX, r"\(x^2\)"),
        (f'<span class="katex-display">{KATEX}</span>', r"\(x^2\)"),
        ('<span class="MathJax">x2</span><script type="math/tex">x^2</script>', r"\(x^2\)"),
        (
            '<span class="MathJax_Preview"></span><div class="MathJax_Display">'
            '<span class="MathJax"><nobr>x2</nobr>'
            '<span class="MJX_Assistive_MathML"><math><mi>x</mi></math></span></span></div>'
            '<script type="math/tex; mode=display">x^2</script>',
            r"\[x^2\]",
        ),
        (
            '<mjx-container class="MathJax" jax="CHTML" display="true"><mjx-math aria-hidden="true"><mjx-mi>'
            '<mjx-c class="mjx-c78"></mjx-c></mjx-mi></mjx-math><mjx-assistive-mml><math display="block">'
            "<msup><mi>x</mi><mn>2</mn></msup></math></mjx-assistive-mml></mjx-container>",
            r"\[x^{2}\]",
        ),
        ('<script type="math/asciimath">x^2</script>', "`x^2`"),
        (
            "<m:math><m:semantics><m:msup><m:mi>x</m:mi><m:mn>2</m:mn></m:msup></m:semantics></m:math>",
            r"\(x^{2}\)",
        ),
        ('<span data-math="x^2"></span>', r"\(x^2\)"),
        ('<div data-math="x^2"><span data-math="x^2">x2</span></div>', r"\[x^2\]"),
        ('<span data-math="true">text</span>', "text"),
        ('<span class="math inline">x^2</span>', r"\(x^2\)"),
        ('<span class="math inline">\\(x^2\\)</span>', r"\(x^2\)"),
        ('<span class="math">Mathematics</span>', "Mathematics"),
        ('<script type="math/tex; mode=display">x^2</script>', r"\[x^2\]"),
        ('<img class="tex" alt="x^2" src="a.png">', r"\(x^2\)"),
        ('<img src="https://latex.codecogs.com/png.latex?x%5E2">', r"\(x^2\)"),
        ('<img src="/cgi-bin/mimetex.cgi?tex=x%5E2">', r"\(x^2\)"),
        ('<img src="/cgi-bin/mimetex.cgi?x%5E2">', r"\(x^2\)"),
        (
            '<img src="https://s0.wp.com/latex.php?latex=x%5E2&amp;bg=ffffff" alt="x^2" class="latex">',
            r"\(x^2\)",
        ),
        ('<img class="tex" alt="$x^2$" src="a.png">', r"\(x^2\)"),
        ('<img class="equation" alt="the graph of a parabola" src="a.png">', "the graph of a parabola"),
        ('<img src="cat.png" alt="a cat">', ""),
        ("10<sup>28</sup> atoms", "10^{28} atoms"),
        ("H<sub>2</sub>O", "H_{2}O"),
        ("x<sup>2<sub>i</sub></sup>", "x^{2_{i}}"),
        ("2<sup>1</sup>/<sub>2</sub> and <sup>3</sup>&frasl;<sub>4</sub>", "2 1/2 and 3/4"),
        ('<span class="texhtml"><i>x</i><sup>2</sup></span>', "x^{2}"),
        ("the 4<sup>th</sup> time", "the 4th time"),
        ("le 1<sup>er</sup> mai", "le 1er mai"),
        ('said so<sup><a href="#1">[1]</a></sup>.', "said so[1]."),
        ('in 1905<sup><a href="#1">1</a></sup>.', "in 1905[1]."),
        ('in 1905<a href="#1"><sup>1</sup></a>.', "in 1905[1]."),
        ('as <a href="/water">H<sub>2</sub>O</a>', "as H_{2}O"),
        ("[tex]x^2[/tex] and [MATH]y[/MATH] and $latex z^2$", r"\(x^2\) and \(y\) and \(z^2\)"),
        ("[math] is a tag, [tex] too", "[math] is a tag, [tex] too"),
        (r"Let \(a_1 < b_1\) and $b_1$ and $$d_1$$.", r"Let \(a_1 < b_1\) and $b_1$ and $$d_1$$."),
        ("It costs $5, not $10.", "It costs $5, not $10."),
        ("<pre>$a = $b\n  c</pre>", "```\n$a = $b\n  c\n```"),
    ],
)
def test_formulas_and_exponents_are_kept(html, text):
    assert text_of(f"<p>{html}</p>") == text


def test_long_small_print_is_not_an_exponent():
    prose = "a note that somebody set small, which is no exponent of anything at all, on and on"
    assert text_of(f"<p>10<sup>{prose}</sup></p>") == f"10{prose}"
    footnote = '<details class="ptx-footnote"><summary><sup> 1 </sup></summary>The note.</details>'
    assert "[1]" in text_of(f"<p>in 1905{footnote}.</p>")


def test_formula_spans_finds_tex_in_text():
    def found(text):
        return [text[start:stop] for start, stop in formula_spans(text)]

    assert found(r"a \(x\) b \[y $z$\] c") == [r"\(x\)", r"\[y $z$\]"]
    assert found(r"\begin{align}a $b$\end{align} $c$") == [r"\begin{align}a $b$\end{align}", "$c$"]
    assert found("from $5 to $10 and $x$") == ["$x$"]
    assert found(r"unclosed \( then \(x\)") == [r"\(x\)"]


def test_share_in_measures_lost_formulas():
    tree = parse("<body><p>a<sup>2</sup></p><nav>b<sup>3</sup></nav></body>")
    formulas = Formulas("")
    save_formulas(tree, formulas)
    assert formulas.share_in(full_text(tree)) == 0.5


def test_a_page_cannot_forge_a_formula():
    html = "<p>xq00000000n0xq and x<sup>2</sup></p>"
    assert text_of(html) == "xq00000000n0xq and x^{2}"
