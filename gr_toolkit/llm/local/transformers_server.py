"""An OpenAI-compatible server for a Hugging Face causal LM, for models that are not GGUF files.

It accepts temperature, max_tokens, top_p, top_k, min_p, seed, stop, logprobs and chat_template_kwargs. It
does not support grammars, so it refuses response_format, and the client then puts the schema into the prompt.
A request's seed determines its random numbers, whatever other requests are in the batch. The logits may still
differ in their last bits, depending on the batch's padding.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from aiohttp import web
from jinja2 import TemplateError

from gr_toolkit.errors import ServerUnusable
from gr_toolkit.llm.local.generation import Generated, Generator, Job, SampledToken
from gr_toolkit.llm.local.huggingface import load

DEFAULT_MAX_TOKENS = 1024
MAX_LOGPROBS = 20  # per token
CHAT = "/v1/chat/completions"
MAX_BODY = 64_000_000  # bytes
BACKLOG = 128  # connections waiting to be accepted
SECONDS_TO_FINISH = 5.0  # for requests in flight when the server closes
Json = dict[str, object]


class BadRequest(ValueError):
    """A request that cannot be served; the message is sent to the client."""


class Model:
    """The model behind the server: takes OpenAI-format requests and returns OpenAI-format responses."""

    def __init__(self, source: str, name: str, context: int) -> None:
        model, tokenizer = load(source)
        self.name = name
        self.tokenizer = tokenizer
        self.context = min(context, getattr(model.config, "max_position_embeddings", context))
        self.generator = Generator(model, tokenizer)
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token

    async def answer(self, path: str, request: Json) -> Json:
        """Return the response to a POST. Raises BadRequest."""
        if path == CHAT:
            job = self._job(request, self._chat(request))
            generated = await self.generator.generate(job)
            content: Json = {"message": {"role": "assistant", "content": generated.text}}
            if job.top_logprobs is not None:
                content["logprobs"] = {"content": [self._entry(sampled) for sampled in generated.sampled]}
            return self._answer("chat.completion", content, job, generated)
        job = self._job(request, self._tokens(str(request.get("prompt", ""))))
        generated = await self.generator.generate(job)
        content = {"text": generated.text}
        if job.top_logprobs is not None:
            content["logprobs"] = self._columns(generated.sampled)
        return self._answer("text_completion", content, job, generated)

    def _chat(self, request: Json) -> list[int]:
        """The tokens of the prompt. Without a chat template it is the plain text of the messages."""
        if "response_format" in request:
            raise BadRequest("response_format is not supported by this server")
        messages = cast(list[dict[str, str]], request.get("messages"))
        try:
            variables = dict(cast(Json, request.get("chat_template_kwargs") or {}))
            variables |= {"add_generation_prompt": True, "tokenize": False}
            if self.tokenizer.chat_template is None:
                return self._tokens("\n\n".join(turn["content"] for turn in messages))
            text = self.tokenizer.apply_chat_template(messages, **variables)  # type: ignore[arg-type]
        except (TypeError, ValueError, KeyError, TemplateError) as error:
            raise BadRequest(f"messages: {error}") from error
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _tokens(self, text: str) -> list[int]:
        """The tokens of a plain prompt, with the special tokens that the tokenizer adds to any text."""
        return list(self.tokenizer(text)["input_ids"])

    def _job(self, request: Json, prompt: list[int]) -> Job:
        try:
            stop = request.get("stop") or []
            job = Job(
                prompt=prompt or [self.tokenizer.eos_token_id],
                max_tokens=max(1, int(str(request.get("max_tokens") or DEFAULT_MAX_TOKENS))),
                temperature=_number(request, "temperature", 1.0),
                seed=None if request.get("seed") is None else int(str(request["seed"])),
                top_k=int(_number(request, "top_k", 0)),
                top_p=_number(request, "top_p", 1.0),
                min_p=_number(request, "min_p", 0.0),
                stop=[stop] if isinstance(stop, str) else list(cast(Sequence[str], stop)),
                top_logprobs=_requested_logprobs(request),
            )
        except ValueError as error:
            raise BadRequest(str(error)) from error
        if len(job.prompt) + job.max_tokens > self.context:
            raise BadRequest(
                f"{len(job.prompt)} prompt tokens and {job.max_tokens} reply tokens exceed "
                f"the context length {self.context}"
            )
        return job

    def _entry(self, sampled: SampledToken) -> Json:
        """Format a token for /chat/completions."""
        top_logprobs = [self._named(token, logprob) for token, logprob in sampled.top_logprobs.items()]
        return {**self._named(sampled.token, sampled.logprob), "top_logprobs": top_logprobs}

    def _columns(self, sampled: Sequence[SampledToken]) -> Json:
        """Format tokens for /completions."""
        return {
            "tokens": [self.tokenizer.decode([one.token]) for one in sampled],
            "token_logprobs": [one.logprob for one in sampled],
            "top_logprobs": [
                {self.tokenizer.decode([token]): logprob for token, logprob in one.top_logprobs.items()}
                for one in sampled
            ],
        }

    def _named(self, token: int, logprob: float) -> Json:
        return {"token": self.tokenizer.decode([token]), "logprob": logprob}

    def _answer(self, kind: str, content: Json, job: Job, generated: Generated) -> Json:
        usage = {"prompt_tokens": len(job.prompt), "completion_tokens": generated.tokens}
        choice = {"index": 0, "finish_reason": generated.finish_reason, **content}
        total = {"total_tokens": len(job.prompt) + generated.tokens}
        return {"object": kind, "model": self.name, "choices": [choice], "usage": usage | total}


def _number(request: Json, name: str, default: float) -> float:
    """The parameter as a number; the default if it is missing or null. Raises ValueError."""
    value = request.get(name)
    return default if value is None else float(str(value))


def _requested_logprobs(request: Json) -> int | None:
    """Return how many of the most likely tokens are requested per position; None without logprobs.

    Raises BadRequest.
    """
    requested = request.get("logprobs")
    if requested is None or requested is False:
        return None
    number = int(str((request.get("top_logprobs") or 0) if requested is True else requested))
    if not 0 <= number <= MAX_LOGPROBS:
        raise BadRequest(f"logprobs: at most {MAX_LOGPROBS}")
    return number


@contextmanager
def transformers_server(source: str, name: str, context: int, host: str, port: int) -> Iterator[str]:
    """Serve a model while the block runs, and yield the base URL. `source` is a folder or Hugging Face id.

    Raises ServerUnusable if the address is not available or the model cannot be loaded.
    """
    try:
        listening = socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise ServerUnusable(f"cannot serve on {host}:{port}: {error.strerror}") from error
    with listening:
        model = Model(source, name, context)
        with _running(model, listening):
            yield f"http://{host}:{listening.getsockname()[1]}/v1"


@contextmanager
def _running(model: Model, listening: socket.socket) -> Iterator[None]:
    """Answer requests while the block runs, on an event loop in a separate thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = web.AppRunner(application(model), access_log=None, shutdown_timeout=SECONDS_TO_FINISH)

    async def start() -> None:
        await runner.setup()
        await web.SockSite(runner, listening, backlog=BACKLOG).start()

    try:
        asyncio.run_coroutine_threadsafe(start(), loop).result()
        yield
    finally:
        model.generator.close()  # running requests end with the text generated so far
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def application(model: Model) -> web.Application:
    """Return the web application: GET /v1/models, POST /v1/chat/completions and /v1/completions."""

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": model.name, "object": "model"}]})

    async def complete(request: web.Request) -> web.Response:
        try:
            body = await request.json()
            if not isinstance(body, dict):
                raise BadRequest("the request is not a JSON object")
            return web.json_response(await model.answer(request.path, body))
        except web.HTTPException as error:  # the body is too large
            return _error(error.status, error.reason)
        except ValueError as error:
            return _error(400, str(error))
        except Exception as error:  # such as out of memory: only this request fails
            return _error(500, f"{type(error).__name__}: {error}")

    async def not_found(_: web.Request) -> web.Response:
        return _error(404, "no such path")

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_get("/v1/models", models)
    app.router.add_post(CHAT, complete)
    app.router.add_post("/v1/completions", complete)
    app.router.add_route("*", "/{path:.*}", not_found)
    return app


def _error(status: int, message: str) -> web.Response:
    """Return an error response in OpenAI's format."""
    return web.json_response({"error": {"message": message, "type": "invalid_request_error"}}, status=status)
