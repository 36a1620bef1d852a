"""The mark of one completion, and the conditions of a score."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from eval.marking import Exam, answer_and_mark
from eval.scoring import Mark
from gr_toolkit.engine import Rounds
from gr_toolkit.errors import ServerUnusable
from gr_toolkit.settings import EvalSettings
from gr_toolkit.store.questions import Question
from gr_toolkit.verify import Verifier
from loopback import asking, fails, says, serving

SPEED = Question("q1", "How fast?", "60 km/h")
LEAVES = Question("q2", "What do leaves do?", "photosynthesis")  # the rules cannot verify a paraphrase
SAMPLING = EvalSettings(temperature=0.7, max_tokens=99, samples=3)
ROUNDS = Rounds(at_once=2, give_up_after=3, grace=1.0)
UNREACHABLE = "http://127.0.0.1:9/v1"


def marked(tmp_path, reply, question=SPEED, sample=2, verifier=Verifier):
    """The mark of a completion, and the request for it."""
    with serving(reply) as server, asking(server, tmp_path, retries=0) as llm:
        exam = Exam("pupil", llm, verifier(), "Box it.", SAMPLING, ROUNDS, tmp_path)
        return llm.run(answer_and_mark(exam, question, sample)).result, server.seen[-1]


def test_mark_has_the_question_the_completion_and_the_verdict(tmp_path):
    mark, _ = marked(tmp_path, says("So it is \\boxed{60 km/h}.", tokens=(10, 17)))
    assert mark == Mark(
        id="q1",
        question="How fast?",
        reference="60 km/h",
        sample=2,
        completion="So it is \\boxed{60 km/h}.",
        answer="60 km/h",
        correct=True,
        decided_by="text",
        reason="the same text",
        finish_reason="stop",
        output_tokens=17,
    )


def test_request_has_the_instruction_the_sampling_settings_and_the_sample_as_seed(tmp_path):
    _, body = marked(tmp_path, says("\\boxed{1}"))
    assert body["messages"] == [{"role": "user", "content": "How fast? Box it."}]
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.7, 99, 2)


def test_mark_keeps_the_reasoning_apart_from_the_completion(tmp_path):
    mark, _ = marked(tmp_path, says("\\boxed{50 km/h}", reasoning="It is \\boxed{60 km/h}."))
    assert (mark.completion, mark.answer, mark.correct) == ("\\boxed{50 km/h}", "50 km/h", False)
    assert mark.reasoning == "It is \\boxed{60 km/h}."


def test_completion_that_is_all_reasoning_is_empty(tmp_path):
    mark, _ = marked(tmp_path, says("", "length", reasoning="It is \\boxed{60 km/h}."))
    assert (mark.completion, mark.answer, mark.outcome) == ("", None, "no answer")
    assert (mark.finish_reason, mark.reasoning) == ("length", "It is \\boxed{60 km/h}.")


@pytest.mark.parametrize(
    ("reply", "question", "answer", "correct", "outcome"),
    [
        (says("\\boxed{50 km/h}"), SPEED, "50 km/h", False, "wrong"),
        (says("I do not know"), SPEED, None, False, "no answer"),
        (says("Let us begin", "length"), SPEED, None, False, "no answer"),
        (says("\\boxed{making sugar}"), LEAVES, "making sugar", None, "undecided"),
    ],
)
def test_outcome_of_a_completion(tmp_path, reply, question, answer, correct, outcome):
    mark, _ = marked(tmp_path, reply, question)
    assert (mark.answer, mark.correct, mark.outcome) == (answer, correct, outcome)
    assert mark.reason


def test_failed_request_gives_a_failed_mark_with_the_error(tmp_path):
    mark, _ = marked(tmp_path, fails(400, "too long"))
    assert (mark.outcome, mark.completion, mark.correct, mark.decided_by) == ("failed", None, None, None)
    assert mark.reason.startswith("HTTP 400")
    assert (mark.id, mark.reference, mark.sample, mark.output_tokens) == ("q1", "60 km/h", 2, 0)


def test_unusable_verifier_is_raised_and_not_counted_as_undecided(tmp_path):
    with ExitStack() as stack:
        judge = stack.enter_context(asking(UNREACHABLE, tmp_path / "judge", retries=0))
        with pytest.raises(ServerUnusable, match=r"127\.0\.0\.1:9"):
            marked(tmp_path, says("\\boxed{making sugar}"), LEAVES, verifier=lambda: Verifier(judge))


def test_conditions_name_everything_that_a_score_depends_on(tmp_path):
    with asking(UNREACHABLE, tmp_path) as llm:
        alone = Exam("pupil", llm, Verifier(), "Box it.", SAMPLING, ROUNDS, tmp_path).conditions()
        both = Exam("pupil", llm, Verifier(llm, llm), "Box it.", SAMPLING, ROUNDS, tmp_path).conditions()
    assert alone == {
        "model": "pupil",
        "instruction": "Box it.",
        "verifier": "rules",
        "temperature": 0.7,
        "max_tokens": 99,
        "samples": 3,
    }
    assert both["verifier"] == "m, m"
