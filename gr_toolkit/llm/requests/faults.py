"""Classifies why one attempt at a request failed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping

from gr_toolkit.http import retry_after
from gr_toolkit.runs.redaction import redact

# Phrases by which servers report that a request exceeds the context length.
CONTEXT_SIGNS = ("context length", "context_length", "context size", "context window", "too long")
MAX_REASON = 200  # characters of a server's message
MAX_PAUSE = 600.0  # seconds; a longer Retry-After ends the run


class Fault(Exception):
    """A failed attempt. `reason` is short enough to store in a row and contains no secrets."""

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        code: str = "",
        wait: float | None = None,
        unreachable: bool = False,
        lost: bool = False,
        timed_out: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status  # HTTP status, if the server responded
        self.code = code  # the server's error code, type and parameter, joined
        self.wait = wait  # seconds requested by the server (Retry-After)
        self.unreachable = unreachable  # no server listens at the address
        self.lost = lost  # the connection ended before the response
        self.timed_out = timed_out  # no response came in time
        self.sent_at = 0.0  # time.monotonic

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed later."""
        if self.no_quota:
            return False
        return self.status is None or self.status in (408, 409, 429) or self.status >= 500

    @property
    def no_quota(self) -> bool:
        """Whether the quota is exhausted."""
        return "insufficient_quota" in self.code

    @property
    def wait_too_long(self) -> bool:
        """Whether the server requests a pause longer than MAX_PAUSE."""
        return (self.wait or 0.0) > MAX_PAUSE

    @property
    def refuses_key(self) -> bool:
        """Whether the API key is missing or rejected. (Gemini reports this with HTTP 400.)"""
        return self.status in (401, 403) or "api key not valid" in self.reason.lower()

    @property
    def overload(self) -> bool:
        """Whether the server refuses the request for load. (Other statuses say nothing about the load.)"""
        return self.status in (429, 503)

    @property
    def too_long(self) -> bool:
        """Whether the request exceeds the model's context length."""
        return any(sign in f"{self.code} {self.reason}".lower() for sign in CONTEXT_SIGNS)

    @property
    def no_model(self) -> bool:
        """Whether the server reports an unknown model. An unknown URL path gives the same error."""
        return self.status == 404 or "model_not_found" in self.code


def diagnose(error: Exception, timeout: float | None) -> Fault:
    """Convert an exception of the openai package, or one raised while parsing a response, into a Fault.

    `timeout` is in seconds. Secrets are masked in the reason.
    """
    import aiohttp
    import openai

    if isinstance(error, openai.APIStatusError):
        return _answered(error.status_code, error.body, error.response.headers)
    # The exception that began the chain is the most exact one; openai reports lost connections as time-outs.
    chain = list(_chain(error))
    cause = chain[-1]
    if isinstance(error, TimeoutError) or isinstance(cause, TimeoutError):
        return Fault(f"timed out after {timeout:g} s" if timeout else "timed out", timed_out=True)
    if isinstance(error, openai.APIConnectionError):
        unreachable = any(isinstance(each, aiohttp.ClientConnectorError) for each in chain)
        what = "cannot connect" if unreachable else "connection lost"
        return Fault(f"{what}: {_short(str(cause))}", unreachable=unreachable, lost=not unreachable)
    if isinstance(error, json.JSONDecodeError):
        return Fault("no valid reply: its JSON is cut off or invalid")
    return Fault(f"no valid reply: {_short(str(error))}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error, the cause of it, the cause of that, and so on."""
    while error is not None:
        yield error
        error = error.__cause__


def _answered(status: int, body: object, headers: Mapping[str, str]) -> Fault:
    """Convert an error response into a Fault. `body` is usually OpenAI's error object."""
    if isinstance(body, list) and body and isinstance(body[0], dict):
        body = body[0].get("error")  # Gemini wraps the error in a list
    details = body if isinstance(body, dict) else {}
    code = " ".join(str(details[key]) for key in ("code", "type", "param") if details.get(key))
    message = _short(str(details.get("message") or ""))
    reason = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    return Fault(reason, status=status, code=code, wait=requested_wait(headers))


def requested_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, from OpenAI's `retry-after-ms` or from `retry-after`; None if not given."""
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        return retry_after(headers.get("retry-after", ""))


def _short(message: str) -> str:
    """Shorten a message to one line of MAX_REASON characters, with secrets masked."""
    line = redact(" ".join(message.split()))
    return line if len(line) <= MAX_REASON else line[: MAX_REASON - 3] + "..."


def unknown_model(url: str, model: str, known: list[str], reason: str) -> str:
    """Return the error message for a model that the server does not list, or lists but refuses to use."""
    if model in known:
        return f"{url} does not serve the model {model!r} for this kind of request: {reason}"
    if not known:
        return (
            f"{url} does not know the model {model!r}, "
            "or is not an OpenAI-compatible base URL (most end in /v1)"
        )
    nearest = difflib.get_close_matches(model, known, n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    shown = ", ".join(known[:5]) + (", ..." if len(known) > 5 else "")
    return f"{url} does not know the model {model!r}; {hint}It serves: {shown}"
