"""Why one attempt at a request failed, and what that means for the request."""

from __future__ import annotations

from collections.abc import Mapping

from gr_toolkit.http import retry_after

CONTEXT_SIGNS = ("context length", "context_length", "context size", "context window", "too long")
GATEWAY = {502, 503, 504}  # the server behind the gateway is away
MAX_REASON = 200
MAX_REST = 600.0  # seconds; a server that asks for a longer pause is done for today


class Fault(Exception):
    """One attempt failed; `reason` fits in a row, and holds no secret."""

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        code: str = "",
        wait: float | None = None,
        lost: bool = False,
        unreachable: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status  # HTTP, where the server answered
        self.code = code  # the server's own code, type and parameter, in one string
        self.wait = wait  # seconds the server asked to wait
        self.lost = lost  # the connection failed, before or during the reply
        self.unreachable = unreachable  # nobody listens there

    @property
    def transient(self) -> bool:
        """The same request may succeed later."""
        if self.no_quota:
            return False
        return self.status is None or self.status in (408, 409, 429) or self.status >= 500

    @property
    def no_quota(self) -> bool:
        """The quota is exhausted."""
        return "insufficient_quota" in self.code

    @property
    def wait_too_long(self) -> bool:
        """The server asks for a pause that no run should wait for."""
        return (self.wait or 0.0) > MAX_REST

    @property
    def refuses_key(self) -> bool:
        """The server wants another API key, or any. (Gemini says so with HTTP 400.)"""
        return self.status in (401, 403) or "api key not valid" in self.reason.lower()

    @property
    def overload(self) -> bool:
        """The server has too much to do."""
        return self.status is not None and (self.status == 429 or self.status >= 500)

    @property
    def too_long(self) -> bool:
        """The request does not fit the model's context."""
        return any(sign in f"{self.code} {self.reason}".lower() for sign in CONTEXT_SIGNS)

    @property
    def no_model(self) -> bool:
        """The server does not know the model (or the path, which looks the same)."""
        return self.status == 404 or "model_not_found" in self.code


def diagnose(error: Exception, timeout: float | None, secret: str) -> Fault:
    """The fault behind an exception of the openai package, or behind a reply that makes no sense."""
    import openai

    if isinstance(error, (TimeoutError, openai.APITimeoutError)):
        return Fault(f"timed out after {timeout:g} s" if timeout else "timed out")
    if isinstance(error, openai.APIStatusError):
        return _answered(error.status_code, error.body, error.response.headers, secret)
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__ or error
        unreachable = type(cause).__name__ == "ConnectError"  # httpx, or httpx2 from openai 3 on
        what = "cannot connect" if unreachable else "connection lost"
        return Fault(f"{what}: {_short(str(cause), secret)}", lost=True, unreachable=unreachable)
    return Fault(f"no valid reply: {_short(str(error), secret)}")


def _answered(status: int, body: object, headers: Mapping[str, str], secret: str) -> Fault:
    """The fault behind an error status. `body` is OpenAI's error object, or whatever came instead."""
    if isinstance(body, list) and body and isinstance(body[0], dict):
        body = body[0].get("error")  # as Gemini wraps it
    told = body if isinstance(body, dict) else {}
    code = " ".join(str(told[key]) for key in ("code", "type", "param") if told.get(key))
    message = _short(str(told.get("message") or ""), secret)
    reason = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    return Fault(reason, status=status, code=code, wait=asked_wait(headers))


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds that the server asks to wait, by `retry-after-ms` (OpenAI's) or `retry-after`."""
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        return retry_after(headers.get("retry-after", ""))


def _short(message: str, secret: str) -> str:
    """One line without the key."""
    line = " ".join(message.split())
    if secret:
        line = line.replace(secret, "***")
    return line if len(line) <= MAX_REASON else line[: MAX_REASON - 3] + "..."
