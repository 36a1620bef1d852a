"""Thoughts of models, in the spellings of the common families, are no part of the response."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import answer_of, extract_answer
from gr_toolkit.verify.extraction.thoughts import opens_thought, response_of

MARKS = [
    ("<think>", "</think>"),
    ("<Think>", "</Think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<analysis>", "</analysis>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("< think >", "</ think >"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|thinking|>", "<|/thinking|>"),
    ("<｜think｜>", "<｜/think｜>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<thinking_process>", "</thinking_process>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<unused94>thought\n", "<unused95>"),
    ("<rationale>", "</rationale>"),
    ("<internal_thought>", "</internal_thought>"),
    ("&lt;think&gt;", "&lt;/think&gt;"),
    ('<think lang="en">', "</think>"),
    ("<|thought_start|>", "<|thought_end|>"),
]


@pytest.mark.parametrize(("opening", "closing"), MARKS)
def test_only_the_text_after_a_thought_counts(opening, closing):
    thought = rf"{opening}Is it \boxed{{8}}?"
    assert extract_answer(rf"{thought}{closing} It is \boxed{{9}}.").answer == "9"
    assert extract_answer(rf"{thought}{closing} I cannot tell.") is None
    assert extract_answer(thought) is None
    assert answer_of(thought) is None
    assert extract_answer(rf"Is it \boxed{{8}}?{closing} It is \boxed{{9}}.").answer == "9"


@pytest.mark.parametrize(
    "text", ["a thinking cap", "[reasoning] 5", "x <thin> y", "I think: 5", "<b>thought</b>"]
)
def test_other_words_are_no_marks(text):
    assert response_of(text) == text


@pytest.mark.parametrize(
    ("completion", "response"),
    [
        ("<think>a</think>b<think>c</think>d", "d"),
        ("<think>a</think>b<think>c</think> ", "b"),
        ("<think>a<think>b</think>c", "c"),
        ("a</think>b</think>c", "c"),
        ("<think/>a", "a"),
        ("<think>a</think><solution>b</solution>", "b"),
        ("<think>a</think>b<think>c", None),
        ("<|start_header_id|>assistant<|end_header_id|>\n\na<|eot_id|>", "a"),
        ("a<start_of_turn>user\nb", "a"),
    ],
)
def test_last_text_outside_thoughts_is_the_response(completion, response):
    found = response_of(completion)
    assert (found.strip() if found else found) == response


def test_thought_that_the_template_opened():
    assert response_of("It may be 5", thinking=True) is None
    assert response_of("It may be 5</think>It is 6", thinking=True) == "It is 6"
    assert extract_answer(r"\boxed{5}", thinking=True) is None
    assert answer_of("5", thinking=True) is None


CHANNELS = {
    "<|channel|>analysis<|message|>8?<|end|><|start|>assistant<|channel|>final<|message"
    "|>It is 9.": "It is 9.",
    "<|channel|>analysis<|message|>Is it 8?": None,
    "<|channel|>commentary<|message|>A tool.<|call|>": None,
    "<|channel|>final<|message|>It is 9.<|return|>": "It is 9.",
    "<|channel|>final <|constrain|>json<|message|>9<|end|>": "9",
    "analysisWe add.assistantfinalIt is 9.": "It is 9.",
    "analysisWe add": None,
    "analysis\nWe add.\nassistantfinal\nIt is 9.": "It is 9.",
    "assistantanalysisWe add.assistantfinalIt is 9.": "It is 9.",
    "analysisWe add.assistantcommentaryA tool.assistantfinalIt is 9.": "It is 9.",
    "analysis shows that it is 9": "analysis shows that it is 9",
}


@pytest.mark.parametrize("completion", CHANNELS)
def test_final_channel_is_the_response(completion):
    response = response_of(completion)
    assert (response.strip() if response else response) == CHANNELS[completion]


@pytest.mark.parametrize(
    ("prompt", "opened"),
    [
        ("<|user|>2 + 2?<|assistant|><think>\n", True),
        ("2 + 2? [THINK]", True),
        ("<|user|>2 + 2?<|assistant|>", False),
        ("<think>\n\n</think>\n\n", False),
        ("<think> go on", False),
        ("<|assistant|>\n<think>\nFirst,", True),
        ("Put it in <think> and </think>.\n<|assistant|>", False),
        ("Begin with <think>.\n<|assistant|>", False),
        ("<|start|>assistant<|channel|>analysis<|message|>", True),
        ("<|start|>assistant<|channel|>final<|message|>", False),
        ("", False),
    ],
)
def test_prompt_may_open_a_thought(prompt, opened):
    assert opens_thought(prompt) is opened
