"""TeX in running text: where a formula begins and ends, and its normal form."""

from __future__ import annotations

import pytest

from crawl.text.tex import MAX_DOLLARS, delimited, formula_spans, standard


def formulas(text):
    return [text[start:stop] for start, stop in formula_spans(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"\(x\)\(y\)", [r"\(x\)", r"\(y\)"]),
        (r"\[x\] $$y$$ $z$", [r"\[x\]", "$$y$$", "$z$"]),
        (r"\begin{align*}x\end{align*}", [r"\begin{align*}x\end{align*}"]),
        (r"\begin{align}x\end{gather} \(y\)", []),
        (r"\begin{a}\begin{b}x\end{b}\end{a}", [r"\begin{a}\begin{b}x\end{b}\end{a}"]),
        (r"\begin{align}x\begin{align}y\end{align}", [r"\begin{align}y\end{align}"]),
        (r"\(a \(b\)", [r"\(b\)"]),
        (r"\(a $b$ c\)", [r"\(a $b$ c\)"]),
        (r"\) \] \end{align} [/tex] \(x\)", [r"\(x\)"]),
        (
            "[itex]x[/itex] [latex]y[/latex] [math]z[/math]",
            ["[itex]x[/itex]", "[latex]y[/latex]", "[math]z[/math]"],
        ),
        ("[TEX]x[/tex]", ["[TEX]x[/tex]"]),
        ("[tex]x[/math] $y$", []),
        ("$$a$b$$", ["$$a$b$$"]),
        ("$x$", ["$x$"]),
        ("$$ x $$", ["$$ x $$"]),
        ("$$\nx\n$$", ["$$\nx\n$$"]),
        (r"$5 and \(x\)", [r"\(x\)"]),
        ("no formula", []),
        ("", []),
    ],
)
def test_a_formula_ends_at_its_own_closing_delimiter(text, found):
    assert formulas(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$ 5 and 6$", []),
        ("$5 and 6 $", []),
        ("$5\n6$", []),
        ("pay $5 or $6 or $x$", ["$x$"]),
        ("$" + "x" * MAX_DOLLARS + "$", ["$" + "x" * MAX_DOLLARS + "$"]),
        ("$" + "x" * (MAX_DOLLARS + 1) + "$", []),
        ("$$" + "x" * (MAX_DOLLARS + 1) + "$$", ["$$" + "x" * (MAX_DOLLARS + 1) + "$$"]),
    ],
    ids=range(7),
)
def test_single_dollars_hold_a_short_text_on_one_line_without_outer_spaces(text, found):
    assert formulas(text) == found


@pytest.mark.parametrize(
    ("tex", "inline"),
    [
        ("x", r"\(x\)"),
        (" x\n  + y ", r"\(x + y\)"),
        ("$x$", r"\(x\)"),
        ("$$x$$", r"\(x\)"),
        (r"\(x\)", r"\(x\)"),
        (r"\[ x \]", r"\(x\)"),
        ("$x$ and $y$", r"\($x$ and $y$\)"),
        (r"\displaystyle x", r"\(x\)"),
        (r"{\displaystyle x}", r"\(x\)"),
        (r"${\displaystyle {\frac {1}{2}}}$", r"\({\frac {1}{2}}\)"),
        (r"{\displaystyle x} + y", r"\({\displaystyle x} + y\)"),
        ("", r"\(\)"),
    ],
)
def test_delimited_normalizes_spaces_delimiters_and_displaystyle(tex, inline):
    assert delimited(tex, display=False) == inline
    assert delimited(tex, display=True) == inline.replace(r"\(", r"\[").replace(r"\)", r"\]")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[tex]x^2[/tex]", r"\(x^2\)"),
        ("[ITEX]x[/itex]", r"\(x\)"),
        ("[tex]\nx\n[/tex]", r"\(x\)"),
        ("$latex x^2$", r"\(x^2\)"),
        ("$LaTeX x$", r"\(x\)"),
        ("$x$", "$x$"),
        (r"\[x\]", r"\[x\]"),
        ("[tex][/tex]", r"\(\)"),
        ("$latexmk$", "$latexmk$"),
    ],
)
def test_standard_changes_only_the_delimiters_of_forums_and_wordpress(text, found):
    assert standard(text) == found
