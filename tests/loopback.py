"""A real HTTP server on loopback with the parts of OpenAI's API that tests need, including faults."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gr_toolkit.llm import LLM, connect
from gr_toolkit.llm.requests.wire import CONTROL
from gr_toolkit.settings import LLMSettings

Body = dict[str, object]


@dataclass
class Answer:
    """What the server does with one request."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0.0
    hang_up: bool = False


def says(
    text: str,
    finish_reason: str = "stop",
    tokens: tuple[int, int] | None = (10, 5),
    reasoning: str | None = None,
) -> Answer:
    thoughts = {"reasoning_content": reasoning} if reasoning else {}
    message = {"role": "assistant", "content": text, **thoughts}
    choice = {"index": 0, "finish_reason": finish_reason, "message": message}
    usage = {"usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}} if tokens else {}
    return Answer(body={"choices": [choice], **usage})


class Accepts:
    """A verifier model that says yes to an answer for the first reference it sees with it, and no for others.

    The first reference is the question's, and the others are decoys.
    """

    def __init__(self, reason: str = "", tokens: tuple[int, int] | None = (10, 5)) -> None:
        self.yes = says(f"{reason}Final Decision: Yes", tokens=tokens)
        self.no = says("Final Decision: No", tokens=tokens)
        self.references: dict[str, str] = {}

    def __call__(self, body: Body) -> Answer:
        text = str(body.get("prompt") or body.get("messages"))
        question, _, rest = text.partition("### Ground Truth Answer:")
        reference, _, answer = rest.partition("### Student Answer:")
        return self.yes if self.references.setdefault(question + answer, reference) == reference else self.no


def fails(status: int, message: str = "", *, code: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"error": {"message": message, "code": code}}, named)


def but_answers_control(answer: Answer) -> Callable[[Body], Answer]:
    """This answer for every request but a control request, by which a client tests the server."""
    return lambda body: says("Yes.") if CONTROL in str(body) else answer


class Loopback(ThreadingHTTPServer):
    """`seen` holds the bodies of the POST requests, in order."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, behave: Callable[[Body], Answer], models: Sequence[str], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.behave = behave
        self.models = models
        self.seen: list[Body] = []
        self.keys: list[str | None] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def prompts(self) -> list[str]:
        return [str(body["messages"][-1]["content"]) for body in self.seen]  # type: ignore[index]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Loopback

    def do_GET(self) -> None:
        self._send(Answer(body={"data": [{"id": name} for name in self.server.models]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(body)
        self.server.keys.append(self.headers["Authorization"])
        self.server.headers.append(dict(self.headers))
        self._send(self.server.behave(body))

    def _send(self, answer: Answer) -> None:
        time.sleep(answer.hang)
        if answer.hang_up:
            self.close_connection = True
            return
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(ConnectionError):  # the client closed the connection
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def serving(
    *script: Answer | Callable[[Body], Answer], models: Sequence[str] = ("m",), port: int = 0
) -> Iterator[Loopback]:
    """Serve one function of the request, or the answers in turn; the last one is repeated.

    Port 0 picks a free port.
    """
    answers = list(script)

    def behave(body: Body) -> Answer:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, Answer) else answer(body)

    with Loopback(behave, models, port) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def asking(server: Loopback | str, state: Path, **settings: object) -> Iterator[LLM]:
    """A client of the server, or of a URL. Unless a test says otherwise, it does not wait for a server."""
    url = server if isinstance(server, str) else server.url
    given = {"model": "m", "base_url": url, "patience": 0.0, **settings}
    with connect(LLMSettings.model_validate(given), None, state) as llm:
        yield llm


def user(text: str) -> list:
    return [{"role": "user", "content": text}]
