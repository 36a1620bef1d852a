"""Adapts a request to a particular server, and parses the response into a Reply.

OpenAI-compatible servers differ in the parameters they accept. After a refusal, a parameter is left out of
later requests or sent in another form.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import cast

from gr_toolkit.llm.messages import Message, Reply
from gr_toolkit.llm.requests.faults import Fault
from gr_toolkit.llm.requests.logprobs import read_ending
from gr_toolkit.llm.requests.structured import schema_prompt
from gr_toolkit.llm.usage import Tokens
from gr_toolkit.runs.redaction import redact
from gr_toolkit.unicode import replace_surrogates

CHAT, COMPLETION = "/chat/completions", "/completions"
# Parameters that can be omitted, or sent under another name.
DISPENSABLE = ("max_tokens", "temperature", "top_p", "top_k", "min_p", "seed", "stop", "logprobs")
# A server that does not support these parameters may send any error message. So if a refusal names no
# parameter, the first of these in the request counts as refused.
SUSPECTS = ("response_format", "logprobs")
# How servers report that a model has no chat template. An error that the template itself raises (roles must
# alternate, no system role) also names it, but must not change the prompts of all later requests.
NO_TEMPLATE = re.compile(
    r"\b(?:no|without(?: a)?|missing|lacks(?: a)?|provide a|default) chat[ _-]?template\b"
    r"|\bchat[ _-]?template\b[^.;]*\b(?:missing|not (?:set|found|defined|given|provided|available)"
    r"|is (?:none|empty|required)|does(?: not|n't) exist)\b"
    r"|\b(?:do(?:es)? not|doesn't|don't|cannot) (?:have|define|use|support|find)"
    r"[^.;]*\bchat[ _-]?templates?\b",
    re.IGNORECASE,
)
CHARS_PER_TOKEN = 4  # in English; used if the server reports no token counts
MOST_TOKENS = 2**31 - 1  # of a count that a server reports; rows hold no larger one
CONTROL = "Reply with one word."  # a request that every working server can answer
CONTROL_TOKENS = 8
# What servers call a reply that a filter held back: OpenAI's word, and Gemini's.
FILTERED = ("content_filter", "safety", "recitation", "blocklist", "prohibited_content")

Body = dict[str, object]


def path_of(body: Mapping[str, object]) -> str:
    """Return the URL path: /completions for a prompt, /chat/completions for messages."""
    return COMPLETION if "prompt" in body else CHAT


def adapt(body: Mapping[str, object], refused: Collection[str]) -> Body:
    """Return the request without refused parameters.

    A refused prompt becomes a user message. Refused messages become a prompt: their texts, separated by blank
    lines.
    """
    adapted = {name: value for name, value in body.items() if name not in refused}
    turns = cast(list[Message], body.get("messages", []))
    if "max_tokens" in refused and "max_tokens" in body:
        # Its name for OpenAI's reasoning models; the setting extra_body may hold it already.
        adapted.setdefault("max_completion_tokens", body["max_tokens"])
    if "prompt" in refused and "prompt" in body:
        adapted["messages"] = [Message(role="user", content=str(body["prompt"]))]
        if "logprobs" in adapted:  # one number for /completions, two parameters for chat
            adapted |= {"logprobs": True, "top_logprobs": body["logprobs"]}
    if "response_format" in refused and "response_format" in body:
        instruction = Message(role="user", content=schema_prompt(cast(Body, body["response_format"])))
        turns = _merge_turns([*turns, instruction])
    if "messages" in body and "messages" in refused:
        adapted["prompt"] = "\n\n".join(turn["content"] for turn in turns)
    elif "messages" in body:
        adapted["messages"] = turns
    return adapted


def _merge_turns(messages: list[Message]) -> list[Message]:
    """Merge the last two turns into one, since chat templates require alternating roles."""
    *before, last, instruction = messages
    return [*before, Message(role=last["role"], content=f"{last['content']}\n\n{instruction['content']}")]


def refused_parameter(fault: Fault, body: Mapping[str, object], refused: Collection[str]) -> str | None:
    """Return the parameter that caused a refusal, or None if the refusal has another cause.

    The request can be sent without this parameter, or with it in another form. HTTP 404 for a prompt means
    that the server supports only chat: it does not know the path, or the model on that path. A model without
    a chat template refuses messages. HTTP 403 is about the API key unless the message names a parameter
    ("You are not allowed to request logprobs from this model", from OpenAI's reasoning models).
    """
    if fault.status == 404 and "prompt" in body and "prompt" not in refused:
        return "prompt"
    lacks_template = fault.status is not None and NO_TEMPLATE.search(fault.reason)
    if lacks_template and "messages" in body and "messages" not in refused:
        return "messages"
    if fault.status not in (400, 403, 422) or fault.too_long:
        return None
    error_text = f"{fault.code} {fault.reason}"
    left = [name for name in body if name not in refused]
    for name in DISPENSABLE:
        if name in left and re.search(rf"\b(?:top_)?{name}\b", error_text, re.IGNORECASE):
            return name
    suspects = () if fault.status == 403 else SUSPECTS
    return next((name for name in suspects if name in left), None)


def control(body: Mapping[str, object]) -> Body:
    """Return a request with the same parameters and a trivial prompt, to test whether the server works."""
    limits = {**body, "max_tokens": CONTROL_TOKENS}
    if "prompt" in body:
        return limits | {"prompt": CONTROL}
    return limits | {"messages": [Message(role="user", content=CONTROL)]}


def reported_tokens(answer: object) -> Tokens | None:
    """The token counts of a decoded response, which may hold no reply; None if it does not report them.

    No request has a prompt of no tokens, so a server that reports none does not count.
    """
    usage = answer.get("usage") if isinstance(answer, dict) else None
    counts = usage if isinstance(usage, dict) else {}
    prompt, completion = (_count(counts.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    if not prompt or completion is None:
        return None
    # Gemini counts the thoughts in the total alone.
    unlisted = max(0, (_count(counts.get("total_tokens")) or 0) - prompt - completion)
    reasoning = _reasoning_tokens(counts)
    return Tokens(prompt, completion + unlisted, unlisted if reasoning is None else reasoning)


def _reasoning_tokens(usage: Body) -> int | None:
    """The tokens of the thoughts, as OpenAI and most servers report them, or as SGLang does."""
    details = usage.get("completion_tokens_details")
    places = (details if isinstance(details, dict) else {}, usage)
    found = (_count(place.get("reasoning_tokens")) for place in places)
    return next((number for number in found if number is not None), None)


def _count(reported: object) -> int | None:
    """A token count of at most MOST_TOKENS; None if it is no count."""
    return min(reported, MOST_TOKENS) if isinstance(reported, int) and reported >= 0 else None


def tokens_of(reply: Reply[None]) -> Tokens:
    """The token counts of a reply."""
    return Tokens(reply.input_tokens, reply.output_tokens, reply.reasoning_tokens)


def _estimated_tokens(body: Mapping[str, object], reply: str) -> Tokens:
    prompt = str(body.get("messages") or body.get("prompt"))
    return Tokens(len(prompt) // CHARS_PER_TOKEN + 1, len(reply) // CHARS_PER_TOKEN + 1, 0)


def read_reply(
    answer: object, body: Mapping[str, object], tokens: Tokens | None, *, may_be_empty: bool
) -> Reply[None]:
    """Parse the decoded response of either URL path. Raises ValueError if it holds no reply.

    `tokens` are those that the response reports; if it reports none, they are estimated. Unless
    `may_be_empty`, an empty text is no reply, except if the reason for it is stated: it was refused, filtered
    or cut off.
    """
    choice = _first_choice(answer)
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    if text is not None and not isinstance(text, str):
        raise ValueError("the reply's content is not text")
    text = replace_surrogates(text or "")
    reasoning = _reasoning(message)
    finish_reason = _finish_reason(choice, message)
    if not (may_be_empty or text.strip() or finish_reason in ("length", "refusal", "content_filter")):
        raise ValueError("the reply is empty")
    ending = read_ending(choice.get("logprobs")) if "logprobs" in body else ()
    tokens = tokens or _estimated_tokens(body, reasoning + text)
    return Reply(
        text=text,
        parsed=None,
        finish_reason=finish_reason,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        ending=ending,
        reasoning=reasoning,
        reasoning_tokens=tokens.reasoning,
    )


def _reasoning(message: object) -> str:
    """The model's thoughts, which servers return under either of two names; empty if there are none."""
    if not isinstance(message, dict):
        return ""
    found = (message.get(name) for name in ("reasoning_content", "reasoning"))
    return replace_surrogates(next((text for text in found if text and isinstance(text, str)), ""))


def _finish_reason(choice: Body, message: object) -> str:
    """Why the reply ends: stop, length, refusal (by the model), content_filter, or the server's own word."""
    if isinstance(message, dict) and message.get("refusal"):
        return "refusal"
    reason = str(choice.get("finish_reason") or "stop")
    return "content_filter" if reason.lower().startswith(FILTERED) else reason


def _first_choice(answer: object) -> Body:
    if isinstance(answer, str):
        raise ValueError(f"not JSON, but {redact(answer.strip())[:40]!r}")
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise ValueError("the server's reply has no choices")
    return cast(Body, choices[0])
