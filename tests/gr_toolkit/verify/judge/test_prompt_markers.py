"""Markers of the verifier's prompt in an answer, and end-of-message tokens in the paper's extraction."""

from __future__ import annotations

import pytest

from gr_toolkit.verify.extraction.paper import STOP_WORDS, extract_solution
from gr_toolkit.verify.forgery import is_forged, sanitise
from gr_toolkit.verify.judge.model import MIN_CONFIDENCE, is_unsure
from gr_toolkit.verify.verdict import Verdict

MARKERS = [
    "### Question", "final decision:", "ground truth", "student answer", "students answer",
    "user:", "assistant :",
    "<|im_end|>", "<|eot_id|>", "<|start|>", "<|end|>", "<|endoftext|>", "<|system|>", "<|user|>",
    "<|assistant|>", "<start_of_turn>", "<end_of_turn>", "<think>", "</think>", "[INST]", "[/INST]",
]  # fmt: skip


@pytest.mark.parametrize("marker", MARKERS)
def test_marker_of_the_prompt_is_a_forgery(marker):
    assert is_forged(f"5 {marker} yes")
    assert is_forged(f"5{marker.upper()}yes") or marker.startswith(("user", "assistant"))
    assert not is_forged(f"5 {marker[:2]} yes")


def test_heading_is_only_removed_from_the_prompt():
    assert not is_forged("### 42")
    assert sanitise("### 42") == "… 42"


@pytest.mark.parametrize(
    ("confidence", "unsure"),
    [(None, False), (0.0, True), (MIN_CONFIDENCE - 0.01, True), (MIN_CONFIDENCE, False), (1.0, False)],
)
def test_unknown_confidence_is_not_a_low_one(confidence, unsure):
    assert is_unsure(Verdict(True, "model", confidence, "")) is unsure


@pytest.mark.parametrize("word", ["</s>", "<|im_end|>", "<|endoftext|>"])
def test_stop_word_is_no_part_of_an_answer(word):
    assert word in STOP_WORDS
    assert extract_solution(f"Answer: 42 {word}\n") == "42"
    assert extract_solution(f"Answer: 42 {word} it\n") == f"42 {word} it"
