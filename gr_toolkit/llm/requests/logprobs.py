"""The log-probabilities in a server's answer, in the two forms that servers write them."""

from __future__ import annotations

from collections.abc import Iterable

from gr_toolkit.llm.messages import Token, clean

ALTERNATIVES = 5  # the most that OpenAI's /completions gives for each token
# A whole reply of 2,048 tokens would take 200 kB in the cache, and what is decided is decided at its end.
KEPT = 32
NEVER = -1e9  # the logarithm of a probability of nothing, as a number that JSON can write


def read_ending(logprobs: object) -> tuple[Token, ...]:
    """The last tokens in the `logprobs` of a choice; none where the server gave none, or makes no sense.

    /chat/completions writes a list of tokens under `content`, /completions a list for each property of a
    token. (llama.cpp writes the first for both.)
    """
    if not isinstance(logprobs, dict):
        return ()
    content = logprobs.get("content")
    if isinstance(content, list):
        tokens = [_from_entry(entry) for entry in content[-KEPT:]]
    else:
        columns = [_last(logprobs.get(name)) for name in ("tokens", "token_logprobs", "top_logprobs")]
        same_length = len({len(column) for column in columns}) == 1
        tokens = [_from_columns(*row) for row in zip(*columns, strict=True)] if same_length else []
    return tuple(token for token in tokens if token is not None)


def _from_entry(entry: object) -> Token | None:
    if not isinstance(entry, dict):
        return None
    others = entry.get("top_logprobs")
    alternatives = [one for one in others if isinstance(one, dict)] if isinstance(others, list) else []
    return _token(
        entry.get("token"), ((one.get("token"), one.get("logprob")) for one in [*alternatives, entry])
    )


def _from_columns(text: object, logprob: object, top: object) -> Token | None:
    return _token(text, [*(top.items() if isinstance(top, dict) else ()), (text, logprob)])


def _token(text: object, alternatives: Iterable[tuple[object, object]]) -> Token | None:
    if not isinstance(text, str):
        return None
    logprobs = {
        clean(other): float(min(0.0, max(NEVER, logprob)))
        for other, logprob in alternatives
        if isinstance(other, str) and isinstance(logprob, int | float) and logprob == logprob  # is no NaN
    }
    return Token(clean(text), logprobs)


def _last(column: object) -> list[object]:
    return column[-KEPT:] if isinstance(column, list) else []
