"""Texts whose questions reach each step of `gr curate`, and a model that replies to each step's requests."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gr_toolkit.store import Store
from loopback import Answer, Body, says
from rows import fill

BUS = "A bus covers 180 km in 3 hours at constant speed. What is its speed?"
GAS = "Which gas do plants take in for photosynthesis?"
JUDGEMENT = {"answer_type": "String", "category": "Physics", "difficulty": "University"}


def declare(question: str, *answers: str) -> dict[str, object]:
    return {
        "question": question,
        "answers": [{"text": answer, "accepted": False, "votes": None} for answer in answers],
    }


@pytest.fixture
def texts(store: Store) -> Store:
    """A store with two shards of texts whose markup declares seven questions; two reach `dataset`."""
    first = [
        declare(BUS, "60 km/h"),
        declare(f"Problem 7: {BUS}", "60 km/h"),
        declare("A shop sells pencils in boxes of 12. How many pencils are there in 5 full boxes?", "60"),
        declare("Which of the two is it?", "this", "that"),
        declare("What does the figure above show?", "a cell"),
    ]
    second = [declare(GAS, "carbon dioxide"), declare("Why is it so?", "This is so. " * 9)]
    dropped = fill("texts", "c", kept=False, reason="no text")
    store.table("texts").write("1", [fill("texts", "a", qa_markup=first), dropped])
    store.table("texts").write("2", [fill("texts", "b", qa_markup=second)])
    return store


def step_of(body: Body) -> str:
    """The step that sends the request."""
    instructions = str(body["messages"][0]["content"])  # type: ignore[index]
    if instructions.startswith("Collect exam questions"):
        return "extract"
    return "judge" if instructions.startswith("You check questions") else "attempt"


def reply(body: Body) -> Answer:
    question = str(body["messages"][-1]["content"])  # type: ignore[index]
    match step_of(body):
        case "extract":
            return says('{"pairs": []}')
        case "judge":
            problem = "needs context" if "figure" in question else "none"
            return says(json.dumps(JUDGEMENT | {"problem": problem}))
        case _:
            correct = "60 km/h" if "bus" in question else "carbon dioxide"
            return says(f"The answer is \\boxed{{{correct if body['seed'] else 'no idea'}}}.")


@pytest.fixture
def model() -> Callable[..., Callable[[Body], Answer]]:
    """Build a reply function; `model(judge=function)` replaces the replies to one step's requests."""

    def make(**instead: Callable[[Body], Answer]) -> Callable[[Body], Answer]:
        return lambda body: instead.get(step_of(body), reply)(body)

    return make
