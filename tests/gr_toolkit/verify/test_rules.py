"""The rules on whole answers: which rule decides, what is never a yes, and robustness to any text."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gr_toolkit.verify.rules import decide_by_rules, worth_symbolic
from gr_toolkit.verify.verdict import Item, Verdict


def decide(question: str, reference: str, answer: str) -> Verdict:
    return decide_by_rules(Item(question, reference, answer))


VERDICTS = [
    ("Paris", "paris.", True, "text"),
    ("Paris", "London", None, "rules"),
    ("x^2 + 1", "$x^2 + 1$", True, "text"),
    ("x^2 + 1", "x^2 - 1", False, "expressions"),
    ("B", "(B)", True, "letters"),
    ("B", "C. the nucleus", False, "letters"),
    ("True", "yes", True, "booleans"),
    ("6:00 AM", "06:00", True, "dates"),
    ("1/2", "0.5", True, "quantities"),
    ("1, 2", "1.0, 2.0", True, "collections"),
    ("(3,4]", "3 < x ≤ 4", True, "intervals"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", "(1, 2)", True, "matrices"),
    ("f(x) = 2x", "f(x) = x + x", True, "equations"),
    ("the Mitochondria", "mitochondria", True, "names"),
    ("1945", "within the specified constraints", False, "kind"),
    ("0", "none", True, "words"),
    ("15", "fifteen", True, "words"),
    ("42", "", False, "no answer"),
    ("42", " \n", False, "no answer"),
    ("42", "...", False, "guard"),
    ("42", "{}", False, "guard"),
    ("42", "4" * 3_000, False, "guard"),
    ("the warmth of the sun", "4" * 3_000, None, "rules"),
    ("", "42", None, "rules"),
    ("4" * 3_000, "42", None, "rules"),
    ("24", "\u202e42", None, "rules"),  # displayed as 24
]


@pytest.mark.parametrize(("reference", "answer", "correct", "decided_by"), VERDICTS)
def test_verdict(reference, answer, correct, decided_by):
    verdict = decide("", reference, answer)
    assert (verdict.correct, verdict.decided_by) == (correct, decided_by)
    assert verdict.reason


@pytest.mark.parametrize(
    "answer", ["41 or 42", "either 42", "maybe 42", "I am not sure but 42?", "42, I think", "It might be 42"]
)
def test_hedge_is_wrong(answer):
    assert decide("", "42", answer).correct is False


def test_repeated_question_is_never_correct():
    question = "Expand $(x+1)^2$."
    assert decide(question, "x^2+2x+1", "(x+1)^2").decided_by == "guard"
    assert decide(question, "x^2+2x+1", "(x+1)^2").correct is False
    assert decide("Square x + 1.", "x^2+2x+1", "(x+1)^2").correct is True
    assert decide("What is 2^3 + 1?", "9.0", "2^3 + 1").correct is not True


def test_answer_may_be_the_value_of_an_option():
    question = "How far?\nA. 10 m\nB. 2.5 km\nC. a long way"
    assert decide(question, "B", "2500 m").decided_by == "options"
    assert decide(question, "B", "2500 m").correct is True
    assert decide(question, "A", "2500 m").correct is False
    assert decide(question, "A", "70 m").correct is None  # perhaps a long way
    assert decide("How far?\nA. 10 m\nB. 2.5 km", "A", "70 m").correct is False


def test_boxed_reference():
    assert decide("", r"\boxed{42}", "42").correct is True


def test_worth_symbolic():
    assert worth_symbolic(r"\sum_{k=1}^n k", r"\frac{n(n+1)}{2}")
    assert not worth_symbolic("the derivative of x", "1")
    assert not worth_symbolic("Paris", "London")


# For every comparison: a reference, and changes that make it a different answer.
MUTATIONS = {
    "letters": ("B", ["A", "C", "(D)", "Option C", "not B"]),
    "booleans": ("True", ["False", "no", "not true", "untrue"]),
    "numbers": ("-42", ["42", "-43", "-24", "-4.2", "-420"]),
    "decimals": ("3.1416", ["3.1516", "-3.1416", "31.416", "3.1461", "1.3416"]),
    "scientific": ("6.02 × 10^23", ["6.02 × 10^22", "6.02 × 10^-23", "6.20 × 10^23", "-6.02 × 10^23"]),
    "fractions": (r"\frac{3}{7}", [r"\frac{7}{3}", r"-\frac{3}{7}", r"\frac{3}{8}", r"\frac{4}{7}"]),
    "percent": ("12.5%", ["1.25%", "125%", "12.5", "-12.5%", "0.0125", "15.2%"]),
    "units": ("4.9 J", ["4.9 kJ", "4.9 mJ", "4.9 W", "4.9 N", "9.4 J", "-4.9 J", "4.9 cal"]),
    "money": ("$5.40", ["€5.40", "5.40 cents", "$4.50", "$54.0"]),
    "dates": ("12 March 1921", ["13 March 1921", "12 May 1921", "12 March 1912", "21 March 1921"]),
    "times": ("6:00 AM", ["6:00 PM", "7:00 AM", "6:30 AM"]),
    "lists": ("2, 3, 5", ["2, 3", "2, 3, 5, 7", "2, 3, -5", "2, 3, 6"]),
    "tuples": ("(2, 3, 5)", ["(3, 2, 5)", "(2, 3)", "(2, 3, -5)", "(2, 3, 6)"]),
    "sets": (r"\{2, 3\}", [r"\{2\}", r"\{2, 3, 5\}", r"\{2, -3\}"]),
    "named": ("x = 2, y = 3", ["x = 3, y = 2", "x = 2", "x = 2, y = -3", "x = 2, z = 3"]),
    "intervals": ("(2, 5]", ["(2, 5)", "[2, 5]", "(5, 2]", "(-2, 5]", "(2, 6]", "2 < x < 5"]),
    "unions": (r"(0,1) \cup (2,3)", [r"(0,1) \cap (2,3)", r"(0,1) \cup (2,4)", "(0,1)", r"(0,1) \cup [2,3)"]),
    "inequalities": ("x < 3", ["x > 3", r"x \le 3", "x < -3", "x = 3", r"x \ne 3", "3"]),
    "matrices": (
        r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
        [
            r"\begin{pmatrix}1&3\\2&4\end{pmatrix}",
            r"\begin{pmatrix}1&2\\3&-4\end{pmatrix}",
            r"\begin{pmatrix}1&2\end{pmatrix}",
            "(1, 2, 3, 4)",
        ],
    ),
    "expressions": (
        "x^2 - 3x + 2",
        ["x^2 + 3x + 2", "x^3 - 3x + 2", "x^2 - 3x", "-x^2 - 3x + 2", "x^2 - 3y + 2", "x^2 - 3x + 20"],
    ),
    "functions": (r"\sin(2x)", [r"\cos(2x)", r"\sin(x)", r"-\sin(2x)", r"2\sin(x)", r"\sinh(2x)"]),
    "equations": ("y = 2x + 1", ["y = 2x - 1", "y = x + 2", "x = 2y + 1", "y = 2x", r"y \ne 2x + 1"]),
    "factorials": (r"\frac{n!}{k!}", [r"\frac{n!}{(k+1)!}", r"\frac{k!}{n!}", r"\frac{n}{k}"]),
    "names": ("Niels Bohr", ["Niels", "Harald Bohr", "Niels Abel", "not Niels Bohr"]),
    "formulas": ("Fe_2O_3", ["FeO", "Fe_3O_4", "Fe_3O_2", "fe_2o_3"]),
    "ions": ("Fe^{2+}", ["Fe^{3+}", "Fe^{2-}", "Fe"]),
}


@pytest.mark.parametrize(
    ("reference", "changed"),
    [(reference, changed) for reference, changes in MUTATIONS.values() for changed in changes],
)
def test_changed_answer_is_never_correct(reference, changed):
    assert decide("", reference, changed).correct is not True
    assert decide("", changed, reference).correct is not True


FRAGMENTS = [
    "\\frac{", "\\sqrt", "\\boxed{", "\\text{", "{", "}", "(", ")", "[", "]", "\\{", "\\}", "$", "\\(",
    "\\)", "^", "_", "=", "<", "\\le", ",", ";", " and ", " or ", "\\pm", "\\cup", "\\in", "\\infty",
    "\\begin{pmatrix}", "&", "\\\\", "\\end{pmatrix}", "1", "42", "0.5", "x", "n!", "%", "°", " km",
    "\\sin", "π", "²", "½", "-", "+", "*", "/", "A", "yes", "\x00", "\u202e", "\ud800", "é", "解",
]  # fmt: skip
messy = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join),
    st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")),
    st.integers(1, 40).map(lambda depth: "{" * depth + "x" + "}" * depth),
)


@settings(max_examples=150, deadline=None)
@given(question=st.text(max_size=30), reference=messy, answer=messy)
@example(question="", reference="\\begin", answer="\\end{x}")
def test_verdict_on_any_text_is_deterministic(question, reference, answer):
    verdict = decide(question, reference, answer)
    assert verdict == decide(question, reference, answer)
    assert verdict.correct in (True, False, None)
    assert verdict.confidence is None  # no rule measures one


@settings(max_examples=150, deadline=None)
@given(question=st.text(max_size=30), answer=messy.filter(str.strip))
def test_reference_itself_is_correct(question, answer):
    assert decide(question, answer, answer).correct is True
    assert decide(question, answer, f" {answer}\n").correct is True


NASTY = {
    "braces": "{" * 2_000,
    "parentheses": "(" * 900 + "1" + ")" * 900,
    "commas": "," * 2_000,
    "minus": "-" * 2_000,
    "list": "1," * 900,
    "or": "1 or " * 300,
    "tower": "9" + "^9" * 500,
    "fractions": "\\frac{1}{1+" * 150 + "1" + "}" * 150,
    "roots": "\\sqrt{1+" * 200 + "1" + "}" * 200,
    "spaces": "x" + " " * 1_900 + "y",
    "signs": "\\pm 1," * 250,
    "text": "\\text{" * 300 + "}" * 300,
    "dollars": "$" * 2_000,
    "matrix": "\\begin{pmatrix}" + "1&" * 300 + "\\end{pmatrix}",
    "words": "a " * 1_000,
    "digits": "9" * 2_000,
    "units": "5 " + "m*" * 300,
    "stars": "**" * 1_000,
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("answer", NASTY.values(), ids=NASTY.keys())
def test_pathological_texts_are_judged_quickly(answer):
    for reference in ("42", answer[:-1], answer.replace("1", "2")):
        assert decide(answer, reference, answer).correct in (True, False, None)
