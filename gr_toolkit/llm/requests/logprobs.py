"""Reads the log-probabilities in a server's response, in either of the two formats in use."""

from __future__ import annotations

from collections.abc import Iterable

from gr_toolkit.llm.messages import Token
from gr_toolkit.unicode import replace_surrogates

ALTERNATIVES = 5  # requested per token; the maximum that OpenAI's /completions allows
# Number of tokens kept from the end of each reply, where a verifier states its verdict. A whole reply of
# 2,048 tokens would take 200 kB in the cache.
MAX_TOKENS = 32
MIN_LOGPROB = -1e9  # replaces minus infinity, which JSON cannot represent


def read_ending(logprobs: object) -> tuple[Token, ...]:
    """Return the last tokens in the `logprobs` of a response's choice; empty if missing or malformed.

    /chat/completions returns a list of tokens under `content`. /completions returns one list for each
    property of a token. (llama.cpp uses the first format for both paths.)
    """
    if not isinstance(logprobs, dict):
        return ()
    content = logprobs.get("content")
    if isinstance(content, list):
        tokens = [_from_entry(entry) for entry in content[-MAX_TOKENS:]]
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
        replace_surrogates(other): float(min(0.0, max(MIN_LOGPROB, logprob)))
        for other, logprob in alternatives
        if isinstance(other, str) and isinstance(logprob, int | float) and logprob == logprob  # not NaN
    }
    return Token(replace_surrogates(text), logprobs)


def _last(column: object) -> list[object]:
    return column[-MAX_TOKENS:] if isinstance(column, list) else []
