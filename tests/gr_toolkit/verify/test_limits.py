"""Limits of the cascade: how deep an answer is compared, and how long an answer a model is asked about."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import Extraction, Item, Verifier
from gr_toolkit.verify.cascade import by_rules
from gr_toolkit.verify.judge.model import MAX_ANSWER
from gr_toolkit.verify.rules import decide_by_rules, worth_symbolic
from loopback import asking, says, serving


def nested(text: str, depth: int, brackets: tuple[str, str] = ("(", ")")) -> str:
    """The text in so many nested brackets: ((text, 0, 1), 1, 2) at depth 2."""
    opening, closing = brackets
    for level in range(depth):
        text = f"{opening}{text}, {level}, {level + 1}{closing}"
    return text


@pytest.mark.parametrize("brackets", [("(", ")"), (r"\{", r"\}")], ids=["tuples", "sets"])
@pytest.mark.parametrize(("depth", "decided"), [(1, True), (3, True), (4, True), (5, False), (30, False)])
def test_nested_answers_are_compared_four_levels_deep(depth, decided, brackets):
    reference = nested("1/2", depth, brackets)
    correct = decide_by_rules(Item("", reference, nested("0.5", depth, brackets))).correct
    incorrect = decide_by_rules(Item("", reference, nested("0.6", depth, brackets))).correct
    assert (correct, incorrect) == ((True, False) if decided else (None, None))


@pytest.mark.parametrize(("depth", "symbolic"), [(0, False), (3, False), (4, True), (8, True)])
def test_answers_nested_deeper_than_the_rules_read_are_left_to_symbolic_mathematics(depth, symbolic):
    assert worth_symbolic(nested("1/2", depth), nested("0.5", depth)) is symbolic


def long_answer(length: int) -> Item:
    return Item("What rises?", "warmth", Extraction("h" * length, "box"))


@pytest.mark.parametrize(("length", "asked"), [(MAX_ANSWER, True), (MAX_ANSWER + 1, False)])
def test_a_model_is_asked_about_answers_up_to_the_limit(tmp_path, length, asked):
    assert (by_rules(long_answer(length))[1] is not None) is asked
    with serving(says("Final Decision: No")) as server, asking(server, tmp_path) as llm:
        verdict = llm.run(Verifier(llm).verify(long_answer(length)))
    assert (verdict.correct, verdict.decided_by) == ((False, "model") if asked else (None, "rules"))
    assert len(server.seen) == asked
