"""A request as a particular server takes it, and its answer as a Reply.

Servers that speak OpenAI's API differ in the parameters they take. What one refuses is left out or
written in another way from then on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import cast

from gr_toolkit.llm.messages import Message, Reply, clean
from gr_toolkit.llm.requests.faults import Fault
from gr_toolkit.llm.requests.logprobs import read_ending
from gr_toolkit.llm.requests.structured import in_words

CHAT, COMPLETION = "/chat/completions", "/completions"
DISPENSABLE = ("max_tokens", "temperature", "seed", "stop", "logprobs")
# A server that does not know one of these may say anything, so they are what is left to suspect.
SUSPECTS = ("response_format", "logprobs")
CHARS_PER_TOKEN = 4  # of English, where the server does not count

Body = dict[str, object]


def path_of(body: Mapping[str, object]) -> str:
    """Where a request goes: a prompt is carried on, messages are answered."""
    return COMPLETION if "prompt" in body else CHAT


def adapt(body: Mapping[str, object], refused: Collection[str]) -> Body:
    """The request without what the server refuses; a prompt to carry on becomes a user's message."""
    adapted = {name: value for name, value in body.items() if name not in refused}
    if "max_tokens" in refused and "max_tokens" in body:
        adapted["max_completion_tokens"] = body["max_tokens"]  # OpenAI's reasoning models
    if "prompt" in refused and "prompt" in body:
        adapted["messages"] = [Message(role="user", content=str(body["prompt"]))]
        if "logprobs" in adapted:  # a number for /completions, two parameters for chat
            adapted |= {"logprobs": True, "top_logprobs": body["logprobs"]}
    if "response_format" in refused and "response_format" in body:
        wish = Message(role="user", content=in_words(cast(Body, body["response_format"])))
        adapted["messages"] = _merge_turns([*cast(list[Message], body["messages"]), wish])
    return adapted


def _merge_turns(messages: list[Message]) -> list[Message]:
    """The last two turns as one: chat templates want the roles to alternate."""
    *before, last, wish = messages
    return [*before, Message(role=last["role"], content=f"{last['content']}\n\n{wish['content']}")]


def refused_parameter(fault: Fault, body: Mapping[str, object], refused: Collection[str]) -> str | None:
    """The parameter that a refusal (HTTP 400, 403 or 422) is about, if the request can do without it.

    Where there is only chat, a prompt is refused with 404: the path, or the model on it, is not known.
    HTTP 403 is about the key, unless it names a parameter ("You are not allowed to request logprobs from
    this model", of OpenAI's reasoning models).
    """
    if fault.status == 404 and "prompt" in body and "prompt" not in refused:
        return "prompt"
    if fault.status not in (400, 403, 422) or fault.too_long:
        return None
    said = f"{fault.code} {fault.reason}"
    left = [name for name in body if name not in refused]
    for name in DISPENSABLE:
        if name in left and re.search(rf"\b(?:top_)?{name}\b", said, re.IGNORECASE):
            return name
    suspects = () if fault.status == 403 else SUSPECTS
    return next((name for name in suspects if name in left), None)


def read_reply(answer: object, body: Mapping[str, object]) -> Reply[None]:
    """The reply in a decoded answer of either path. Raises ValueError if there is none."""
    choice = _first_choice(answer)
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    if text is not None and not isinstance(text, str):
        raise ValueError("the reply's content is not text")
    text = clean(text or "")
    ending = read_ending(choice.get("logprobs")) if "logprobs" in body else ()
    usage = cast(Body, answer).get("usage")
    counted = usage if isinstance(usage, dict) else {}
    prompt = str(body.get("messages") or body.get("prompt"))
    return Reply(
        text=text,
        parsed=None,
        finish_reason=str(choice.get("finish_reason") or "stop"),
        input_tokens=_count(counted.get("prompt_tokens"), prompt),
        output_tokens=_count(counted.get("completion_tokens"), text),
        ending=ending,
    )


def reports_usage(answer: object) -> bool:
    """Whether the server counted the tokens itself."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    return isinstance(usage, dict) and {"prompt_tokens", "completion_tokens"} <= usage.keys()


def _first_choice(answer: object) -> Body:
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise ValueError("the server's reply has no choices")
    return cast(Body, choices[0])


def _count(reported: object, text: str) -> int:
    return reported if isinstance(reported, int) else len(text) // CHARS_PER_TOKEN + 1
