"""The contracts of OpenRLHF and NeMo Gym: which text is judged, and which reward is paid."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.batch.contracts import (
    is_nemo_gym,
    nemo_gym_reply,
    openrlhf_reply,
    read_nemo_gym,
    read_openrlhf,
)
from gr_toolkit.verify.batch.rows import Line, Unreadable
from gr_toolkit.verify.verdict import Item


def line(correct: bool | None) -> Line:
    return Line(1, correct, "rules", None, "", 0.0)


def message(*texts: str) -> dict[str, object]:
    return {"type": "message", "content": [{"type": "output_text", "text": text} for text in texts]}


def nemo_gym(*output: object, **more: object) -> dict[str, object]:
    return {"response": {"output": list(output)}, "question": "How far?", "expected_answer": "5 km", **more}


@pytest.mark.parametrize(
    ("prompt", "query", "answer"),
    [
        ("How far?", "How far? 5 km", " 5 km"),
        ("How far?", "<s>[INST] How far? [/INST] 5 km", " [/INST] 5 km"),
        ("How far?", "How far? How far? 5 km", " How far? 5 km"),
        ("How far?", "How far?", ""),
        ("How far?", "5 km", "5 km"),
        ("", "5 km", "5 km"),
    ],
)
def test_the_prompt_of_a_query_is_not_judged(prompt, query, answer):
    (pair,) = read_openrlhf({"query": [query], "prompts": [prompt], "labels": ["5 km"]})
    assert pair.item == Item(prompt, "5 km", answer)


@pytest.mark.parametrize(
    ("prompt", "thinking"),
    [("How far?<think>\n", True), ("How far?", False), ("<think>hm</think>How far?", False)],
)
def test_a_prompt_that_opens_a_thought_says_so(prompt, thinking):
    (pair,) = read_openrlhf({"query": [prompt + "5 km"], "prompts": [prompt], "labels": ["5 km"]})
    assert pair.item
    assert pair.item.thinking is thinking


def test_a_number_may_be_a_label():
    pairs = read_openrlhf({"query": ["4", "0.5"], "prompts": ["", ""], "labels": [4, 0.5]})
    assert [(pair.id, pair.item.reference) for pair in pairs if pair.item] == [(1, "4"), (2, "0.5")]


@pytest.mark.parametrize("label", [None, True, float("nan"), ["4"], {"answer": "4"}])
def test_a_label_of_another_type_is_refused(label):
    with pytest.raises(Unreadable, match="labels has an entry that is not a text"):
        read_openrlhf({"query": ["4"], "prompts": [""], "labels": [label]})


def test_rewards_and_logs_of_openrlhf():
    assert openrlhf_reply([line(True), line(False), line(None)], 0.5) == {
        "rewards": [1.0, 0.0, 0.5],
        "scores": [1.0, 0.0, 0.5],
        "extra_logs": {"undecided": [0.0, 0.0, 1.0]},
    }


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ([message("5 km")], "5 km"),
        ([message("so it is ", "5 km")], "so it is 5 km"),
        ([message("let me see"), {"type": "function_call", "name": "f"}, message("5 km")], "5 km"),
        ([{"type": "reasoning", "content": [{"type": "output_text", "text": "6 km"}]}], ""),
        ([], ""),
    ],
)
def test_the_last_message_of_a_response_is_judged(output, answer):
    assert read_nemo_gym(nemo_gym(*output)).item == Item("How far?", "5 km", answer)


def test_optional_fields_of_a_body_of_nemo_gym():
    body = nemo_gym(message("5"), question=None, tolerance=0.1, answer_type="Float", thinking=True)
    assert read_nemo_gym(body).item == Item("", "5 km", "5", "Float", (), 0.1, True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (nemo_gym(message("5 km")), True),
        ({"response": "5 km"}, True),
        ({"response": "note", "ground_truth": "5 km", "student_answer": "5 km"}, False),
        ({"ground_truth": "5 km", "student_answer": "5 km"}, False),
        ([nemo_gym(message("5 km"))], False),
        ("response", False),
    ],
)
def test_bodies_of_nemo_gym_are_told_from_pairs(body, expected):
    assert is_nemo_gym(body) is expected


@pytest.mark.parametrize(("correct", "reward"), [(True, 1.0), (False, 0.0), (None, -0.5)])
def test_reply_to_nemo_gym_is_the_body_with_the_reward(correct, reward):
    body = nemo_gym(message("5 km"), responses_create_params={"input": []})
    assert nemo_gym_reply(body, line(correct), -0.5) == body | {"reward": reward}
