"""An OpenAI-compatible server over a Hugging Face causal LM, for models that are no GGUF.

It takes temperature, max_tokens, seed, stop and logprobs. It has no grammars, so it refuses
response_format, and the client then writes the schema into the prompt. A seed gives the same random
numbers again, whatever else is in the batch; the logits may still differ in their last bits with the
batch's padding.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from errors import ServerUnusable
from llm.generation import Drawn, Generated, Generator, Job
from llm.huggingface import load

DEFAULT_MAX_TOKENS = 1024
MOST_LOGPROBS = 20
Json = dict[str, object]


class BadRequest(ValueError):
    """The request cannot be served; the message goes to the client."""


class Model:
    """The model behind the server: requests as OpenAI writes them in, answers as it writes them out."""

    def __init__(self, source: str, name: str, context: int) -> None:
        model, tokenizer = load(source)
        self.name = name
        self.tokenizer = tokenizer
        self.context = min(context, getattr(model.config, "max_position_embeddings", context))
        self.generator = Generator(model, tokenizer)
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token

    def answer(self, path: str, request: Json) -> Json:
        """The answer to a POST. Raises BadRequest."""
        if path == "/v1/chat/completions":
            job = self._job(request, self._chat(request))
            generated = self.generator.submit(job)
            content: Json = {"message": {"role": "assistant", "content": generated.text}}
            if job.likeliest is not None:
                content["logprobs"] = {"content": [self._entry(drawn) for drawn in generated.drawn]}
            return self._answer("chat.completion", content, job, generated)
        job = self._job(request, self.tokenizer(str(request.get("prompt", "")))["input_ids"])
        generated = self.generator.submit(job)
        content = {"text": generated.text}
        if job.likeliest is not None:
            content["logprobs"] = self._columns(generated.drawn)
        return self._answer("text_completion", content, job, generated)

    def _chat(self, request: Json) -> list[int]:
        if "response_format" in request:
            raise BadRequest("response_format is not supported by this server")
        if self.tokenizer.chat_template is None:
            raise BadRequest(f"{self.name} has no chat template; use /v1/completions")
        messages = cast(list[dict[str, str]], request.get("messages"))
        try:
            text = self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        except (TypeError, ValueError, KeyError) as error:
            raise BadRequest(f"messages: {error}") from error
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _job(self, request: Json, prompt: list[int]) -> Job:
        try:
            stop = request.get("stop") or []
            job = Job(
                prompt=prompt or [self.tokenizer.eos_token_id],
                max_tokens=max(1, int(str(request.get("max_tokens") or DEFAULT_MAX_TOKENS))),
                temperature=float(str(request.get("temperature", 1.0))),
                seed=None if request.get("seed") is None else int(str(request["seed"])),
                stop=[stop] if isinstance(stop, str) else list(cast(Sequence[str], stop)),
                likeliest=_likeliest(request),
            )
        except ValueError as error:
            raise BadRequest(str(error)) from error
        if len(job.prompt) + job.max_tokens > self.context:
            raise BadRequest(
                f"{len(job.prompt)} prompt tokens and {job.max_tokens} more exceed "
                f"the context length {self.context}"
            )
        return job

    def _entry(self, drawn: Drawn) -> Json:
        """A token as /chat/completions writes it."""
        likeliest = [self._named(token, logprob) for token, logprob in drawn.likeliest.items()]
        return {**self._named(drawn.token, drawn.logprob), "top_logprobs": likeliest}

    def _columns(self, drawn: Sequence[Drawn]) -> Json:
        """Tokens as /completions writes them."""
        return {
            "tokens": [self.tokenizer.decode([one.token]) for one in drawn],
            "token_logprobs": [one.logprob for one in drawn],
            "top_logprobs": [
                {self.tokenizer.decode([token]): logprob for token, logprob in one.likeliest.items()}
                for one in drawn
            ],
        }

    def _named(self, token: int, logprob: float) -> Json:
        return {"token": self.tokenizer.decode([token]), "logprob": logprob}

    def _answer(self, kind: str, content: Json, job: Job, generated: Generated) -> Json:
        usage = {"prompt_tokens": len(job.prompt), "completion_tokens": generated.tokens}
        choice = {"index": 0, "finish_reason": generated.finish_reason, **content}
        total = {"total_tokens": len(job.prompt) + generated.tokens}
        return {"object": kind, "model": self.name, "choices": [choice], "usage": usage | total}


def _likeliest(request: Json) -> int | None:
    """How many log-probabilities a request wants for each token, beside its own. Raises BadRequest."""
    asked = request.get("logprobs")
    if asked is None or asked is False:
        return None
    number = int(str((request.get("top_logprobs") or 0) if asked is True else asked))
    if not 0 <= number <= MOST_LOGPROBS:
        raise BadRequest(f"logprobs: at most {MOST_LOGPROBS}")
    return number


class Server(ThreadingHTTPServer):
    """Serves one model."""

    daemon_threads = True
    request_queue_size = 128

    model: Model


class Handler(BaseHTTPRequestHandler):
    """GET /v1/models, POST /v1/chat/completions and /v1/completions."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """The one model there is."""
        if self.path != "/v1/models":
            return self._send(404, _error("no such path"))
        self._send(200, {"object": "list", "data": [{"id": self.server.model.name, "object": "model"}]})

    def do_POST(self) -> None:
        """A reply of the model, or an error as OpenAI writes it."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path not in ("/v1/chat/completions", "/v1/completions"):
            return self._send(404, _error("no such path"))
        try:
            request = json.loads(body)
            if not isinstance(request, dict):
                raise BadRequest("the request is not a JSON object")
            self._send(200, self.server.model.answer(self.path, request))
        except ValueError as error:
            self._send(400, _error(str(error)))
        except Exception as error:  # out of memory and the like: this request fails, the server stays
            self._send(500, _error(f"{type(error).__name__}: {error}"))

    def _send(self, status: int, content: Json) -> None:
        encoded = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: object) -> None:
        """No line per request."""


def _error(message: str) -> Json:
    return {"error": {"message": message, "type": "invalid_request_error"}}


@contextmanager
def transformers_server(source: str, name: str, context: int, host: str, port: int) -> Iterator[str]:
    """Serve the model in a folder, or of an id, while the block runs; gives the base URL.

    Raises ServerUnusable where the address cannot be had, or the model not be loaded.
    """
    try:
        listening = Server((host, port), Handler)
    except OSError as error:
        raise ServerUnusable(f"cannot serve on {host}:{port}: {error.strerror}") from error
    with listening as server:
        server.model = Model(source, name, context)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{server.server_port}/v1"
        finally:
            server.shutdown()
            server.model.generator.close()
            thread.join()
