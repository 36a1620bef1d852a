"""MathML to TeX, element by element."""

from __future__ import annotations

import pytest
from lxml import etree

from crawl.text.mathml import SYMBOLS, local_name, to_tex


def tex_of(xml):
    return to_tex(etree.fromstring(f"<math>{xml}</math>"))


@pytest.mark.parametrize(
    ("xml", "tex"),
    [
        ("<mi>x</mi>", "x"),
        ("<mi>cos</mi><mi>x</mi>", r"\cos x"),
        ("<mi>kg</mi>", r"\mathrm{kg}"),
        ("<mi>x1</mi>", "x1"),
        ("<mi>αβ</mi>", r"\alpha \beta "),
        ("<mo>sin</mo>", "sin"),
        ("<mn>1 000</mn>", "1 000"),
        ("<mn> 12\n</mn>", "12"),
        ("<mtext>if  x</mtext>", r"\text{if x}"),
        ("<ms>abc</ms>", r"\text{abc}"),
        ("<mtext> </mtext>", " "),
        ("<mn>1</mn><mspace/><mn>2</mn>", "1 2"),
        ("<mi>λ</mi><mi>Λ</mi>", r"\lambda \Lambda "),
        ("<mi>Α</mi><mi>Γ</mi>", r"Α\Gamma "),
        ("<mn>2</mn><mo>\u2062</mo><mi>x</mi>", "2x"),
        ("<mo>−</mo><mn>1</mn><mo>%</mo>", r"-1\%"),
        ("<mo>{</mo><mi>x</mi><mo>}</mo>", r"\{x\}"),
        ("<mi>f</mi><mo>′</mo>", "f'"),
        ("<mi>數</mi>", "數"),
        ("<mphantom><mi>x</mi></mphantom><mi>y</mi>", "y"),
        ("<semantics><mi>x</mi><annotation>\\y</annotation></semantics>", "x"),
        ("<semantics><mi>x</mi><annotation-xml><mi>z</mi></annotation-xml></semantics>", "x"),
        ("<mstyle><mrow><mi>x</mi></mrow><!-- comment --><mi>y</mi></mstyle>", "xy"),
        ("<mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac>", r"\frac{a}{b+1}"),
        ("<mfrac><mi>a</mi></mfrac>", "a"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", r"\sqrt[3]{x}"),
        ("<msqrt><mn>2</mn></msqrt>", r"\sqrt{2}"),
        ("<msub><mi>x</mi><mi>i</mi></msub>", "x_{i}"),
        ("<msubsup><mo>∫</mo><mn>0</mn><mn>1</mn></msubsup>", r"\int_{0}^{1}"),
        ("<munder><mi>lim</mi><mi>n</mi></munder>", r"\lim_{n}"),
        ("<mover><mi>x</mi><mo>→</mo></mover>", r"\vec{x}"),
        ("<mover><mi>x</mi><mo> ~ </mo></mover>", r"\tilde{x}"),
        ("<mover><mi>x</mi><mi>n</mi></mover>", "x^{n}"),
    ],
)
def test_elements(xml, tex):
    assert tex_of(xml) == tex


@pytest.mark.parametrize(
    ("base", "tex"),
    [
        ("<mi>x</mi>", "x^{2}"),
        ("<mn>10</mn>", "10^{2}"),
        ("<mi>π</mi>", r"\pi^{2}"),
        ("<mi>sin</mi>", r"\sin^{2}"),
        ("<mrow><mi>a</mi><mi>b</mi></mrow>", "{ab}^{2}"),
        ("<mn>1.5</mn>", "{1.5}^{2}"),
        ("<mfrac><mn>1</mn><mn>2</mn></mfrac>", r"{\frac{1}{2}}^{2}"),
        ("<mrow/>", "^{2}"),
    ],
)
def test_a_base_of_several_symbols_gets_braces(base, tex):
    assert tex_of(f"<msup>{base}<mn>2</mn></msup>") == tex


@pytest.mark.parametrize(
    ("attributes", "tex"),
    [
        ("", "(a,b,c)"),
        ('open="[" close="]"', "[a,b,c]"),
        ('separators=";"', "(a;b;c)"),
        ('separators=" ; , "', "(a;b;c)"),
        ('separators=""', "(a,b,c)"),
        ('open="" close=""', "a,b,c"),
    ],
)
def test_a_fence_has_delimiters_and_separators(attributes, tex):
    assert tex_of(f"<mfenced {attributes}><mi>a</mi><mi>b</mi><mi>c</mi></mfenced>") == tex


def test_a_table_is_a_matrix_with_or_without_labels():
    cell = "<mtd><mn>{}</mn></mtd>"
    row = f"<mtr>{cell.format(1)}{cell.format(2)}</mtr>"
    labelled = f"<mlabeledtr>{cell.format(3)}{cell.format(4)}</mlabeledtr>"
    assert tex_of(f"<mtable>{row}{labelled}</mtable>") == r"\begin{matrix}1 & 2 \\ 3 & 4\end{matrix}"


@pytest.mark.parametrize(("symbol", "tex"), SYMBOLS.items())
def test_every_symbol_has_its_command(symbol, tex):
    assert tex_of(f"<mo>x{symbol}y</mo>") == f"x{tex}y"


@pytest.mark.parametrize(
    ("xml", "name"),
    [("<m:MI xmlns:m='uri:m'/>", "mi"), ("<Math xmlns='uri:m'/>", "math"), ("<sup/>", "sup")],
)
def test_local_name_has_no_namespace_and_is_lower_case(xml, name):
    assert local_name(etree.fromstring(xml)) == name
