"""What a question says about precision: rounded, counted, a percentage, a difference."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.question.precision import asked_precision

QUESTIONS = {
    "How many goats are there?": {"exact"},
    "What is the remainder?": {"exact"},
    "Find N.": {"exact"},
    "Find $m + n$.": {"exact"},
    "Evaluate 3^4.": {"exact"},
    "In what year was it? Which year?": {"exact"},
    "How many meters is it long?": set(),
    "How many goats are there, to the nearest ten?": {"rounded"},
    "About how many goats are there?": {"rounded"},
    "Give it to two decimal places.": {"rounded"},
    "Estimate the mass.": {"rounded"},
    "What percent of them fail?": {"percent"},
    "By what percentage did it rise?": {"percent", "difference"},
    "What is the probability?": {"proportion"},
    "What fraction is left?": {"proportion"},
    "How much warmer is it?": {"difference"},
    "Find $\\Delta T$.": {"difference"},
    "What is the boiling point elevation?": {"difference"},
    "How warm is it?": set(),
    "": set(),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_asked(question):
    asked = asked_precision(question)
    assert {name for name, value in asked._asdict().items() if value} == QUESTIONS[question]
