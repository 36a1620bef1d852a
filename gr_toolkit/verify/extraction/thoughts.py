"""Separates a model's response from its thoughts, in the spellings of the common families of models."""

from __future__ import annotations

import re
from collections.abc import Iterator

# An end-of-message token, or the start of the next message.
END_OF_MESSAGE = re.compile(
    r"<\|(?:im_end|endoftext|eot_id|eom_id|end_of_text|end|return|user|human|system|assistant)\|>"
    r"|<\|im_start\|>(?:assistant\b)?|<\|start_header_id\|>(?:assistant<\|end_header_id\|>)?"
    r"|<start_of_turn>(?:model\b)?|<end_of_turn>|</?s>|<[be]os>|\[/?INST\]"
    r"|<｜(?:end▁of▁sentence|User|Assistant)｜>"
)
# A tag: <think>, </Think>, <seed:think>, ◁/think▷, <|begin_of_thought|>, [THINK], &lt;think&gt;.
TAG = re.compile(
    r"(?:[<◁⟨]|&lt;)\s?[|｜]?\s?(?P<end>/?)\s?(?P<name>[a-z][a-z\d]{0,30}(?:[_▁:-][a-z\d]{1,30}){0,4})"
    r"(?:\s[\w-]{1,20}=[^<>]{0,40})?\s?(?P<empty>/?)[|｜]?\s?(?:[>▷⟩]|&gt;)"
    r"|\[\s?(?P<square_end>/?)\s?(?P<square_name>think(?:ing)?)\s?\]",
    re.IGNORECASE,
)
# <unused94> and <unused95> are MedGemma's tags, <|inner_prefix|> and <|inner_suffix|> Apertus's.
THOUGHT = re.compile(
    r"think|thought|reason|reflection|scratch_?pad|analysis|monologue|deliberation|rationale|internal"
    r"|planning"
    r"|\bcot\b|\bunused9[45]\b|inner_(?:prefix|suffix)",
    re.IGNORECASE,
)
ENDS = re.compile(r"end(?:[_▁-]|\Z)|.*[_▁-](?:end|suffix)\Z|unused95\Z", re.IGNORECASE)
# gpt-oss writes its messages in channels: <|channel|>final<|message|>...
CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]{0,100}(?:<\|constrain\|>\s*\w*\s*)?<\|message\|>")
# The same without its special tokens: "analysisWe add them.assistantfinalThe sum is 5."
BARE_CHANNEL = re.compile(r"\s*(?:assistant)?\s?(?P<thought>analysis|commentary)(?P<glued>(?=[A-Z]))?")
BARE_FINAL = re.compile(r"assistant\s?final")
WRAPPER = re.compile(
    r"<\|(?:begin|end)_of_solution\|>|</?solution>|<\|(?:start|end)_response\|>", re.IGNORECASE
)


def response_of(completion: str, thinking: bool = False) -> str | None:
    """Return the first message of a completion without its thoughts; None if a thought is not closed.

    If `thinking`, the prompt opened a thought, so a completion without a closing tag is all thought. Text
    before a closing tag without an opening one is a thought too. Of several texts between thoughts, the last
    one that is not blank counts.
    """
    if "<|channel|>" in completion:
        return _final_channel(completion)
    if BARE_CHANNEL.match(completion) or BARE_FINAL.match(completion):
        parts = BARE_FINAL.split(completion, maxsplit=1)
        if len(parts) > 1:
            return parts[1]
        channel = BARE_CHANNEL.match(completion)
        if channel and channel["glued"] is not None:
            return None
    message = next((part for part in END_OF_MESSAGE.split(completion) if part.strip()), "")
    spoken = _outside_thoughts(message, thinking)
    return None if spoken is None else WRAPPER.sub("", spoken)


def opens_thought(prompt: str) -> bool:
    """Whether a rendered prompt ends inside a thought, so that the completion begins with one."""
    channel = next(reversed(list(CHANNEL.finditer(prompt))), None)
    if channel and channel.end() == len(prompt.rstrip()):
        return channel[1].casefold() != "final"
    last = next(reversed(list(_thought_tags(prompt))), None)
    if last is None or _closes(last):
        return False
    rest = prompt[last.end() :]
    starts_line = prompt[: last.start()].endswith(("\n", ">")) and rest.startswith("\n")
    return not rest.strip() or (starts_line and not END_OF_MESSAGE.search(rest))


def _outside_thoughts(message: str, thinking: bool) -> str | None:
    """The last text outside thoughts that is not blank; None if a thought is not closed."""
    spoken, begins, inside = "", 0, thinking
    for tag in _thought_tags(message):
        if not inside:
            before = message[begins : tag.start()]
            spoken = "" if _closes(tag) else before if before.strip() else spoken
        inside, begins = not _closes(tag), tag.end()
    rest = message[begins:]
    return None if inside else rest if rest.strip() else spoken


def _thought_tags(text: str) -> Iterator[re.Match[str]]:
    for tag in TAG.finditer(text):
        if THOUGHT.search(tag["name"] or tag["square_name"]):
            yield tag


def _closes(tag: re.Match[str]) -> bool:
    """Whether a tag closes a thought, or is an empty thought: </think>, <|end_of_thought|>, <think/>."""
    return bool(tag["end"] or tag["square_end"] or tag["empty"] or ENDS.match(tag["name"] or ""))


def _final_channel(completion: str) -> str | None:
    """The text of the first final channel, or None."""
    for channel in CHANNEL.finditer(completion):
        if channel[1].casefold() == "final":
            return re.split(r"<\|(?:end|return|call|start)\|>", completion[channel.end() :], maxsplit=1)[0]
    return None
