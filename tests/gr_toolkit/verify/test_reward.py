"""The reward for trainers: what TRL receives for each completion."""

from __future__ import annotations

import asyncio

import pytest

from gr_toolkit.verify import Verifier, answer_reward
from gr_toolkit.verify.reward import text_of
from loopback import Accepts, asking, serving

QUESTION = "What makes a plant grow?"
REFERENCE = "photosynthesis in its leaves"
COMPLETIONS = ["so \\boxed{42}", "so \\boxed{41}", "", "\\boxed{it turns light into sugar}"]
REFERENCES = ["42", "42", "42", REFERENCE]


def rewards(completions: list, **more: object) -> list[float | None]:
    question = [QUESTION] * len(completions)
    return asyncio.run(
        answer_reward(completions=completions, question=question, answer=REFERENCES, prompts=[], **more)
    )


def test_correct_wrong_no_answer_and_undecided():
    assert rewards(COMPLETIONS) == [1.0, 0.0, 0.0, None]


def test_a_completion_may_be_a_message():
    assert rewards([[{"role": "assistant", "content": text}] for text in COMPLETIONS]) == rewards(COMPLETIONS)


def test_verifier_with_a_model_decides_open_items(tmp_path):
    with serving(Accepts()) as server, asking(server, tmp_path) as llm:
        assert rewards(COMPLETIONS, verifier=Verifier(llm)) == [1.0, 0.0, 0.0, 1.0]


def test_columns_of_different_lengths_are_an_error():
    with pytest.raises(ValueError, match="longer"):
        rewards(COMPLETIONS[:2])


def said(content: object) -> dict[str, object]:
    return {"role": "assistant", "content": content}


@pytest.mark.parametrize(
    ("completion", "text"),
    [
        ("plain", "plain"),
        ([said("plain")], "plain"),
        ([{"content": "no role"}], "no role"),
        ([{"role": "user", "content": "2 + 2?"}, said("4"), {"role": "user", "content": "5"}], "4"),
        ([said("first"), {"role": "tool", "content": "9"}, said("last")], "last"),
        ([said([{"type": "text", "text": "so "}, {"type": "text", "text": "4"}])], "so 4"),
        ([said([{"type": "output_text", "text": "4", "annotations": []}])], "4"),
        ([said([{"type": "reasoning_text", "text": "5?"}, {"type": "text", "text": "4"}])], "4"),
        ([said([{"type": "refusal", "refusal": "I cannot"}])], ""),
        ([said([{"type": "text", "text": None}, {"text": "untyped"}, "a text"])], ""),
        ([said(None) | {"tool_calls": []}], ""),
    ],
)
def test_text_of_a_completion(completion, text):
    assert text_of(completion) == text


@pytest.mark.parametrize("chat", [[], ["4"], [{"role": "user", "content": "4"}], [said("4"), "4"], [said(4)]])
def test_a_chat_without_an_answer_is_an_error(chat):
    with pytest.raises(ValueError, match="a chat with"):
        text_of(chat)
