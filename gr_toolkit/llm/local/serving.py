"""Local models: llama.cpp for GGUF files, transformers for everything else.

Both backends are served over HTTP on loopback, so the client treats them like any other server.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gr_toolkit.errors import MissingExtra, ServerUnusable, UsageError
from gr_toolkit.llm.local.gguf import has_chat_template
from gr_toolkit.llm.local.weights import INSTALL_LLAMA_CPP, INSTALL_TRANSFORMERS, fingerprint, resolve
from gr_toolkit.llm.names import is_gguf, model_name
from gr_toolkit.llm.requests.target import Target
from gr_toolkit.settings import cores

if TYPE_CHECKING:
    from gr_toolkit.settings import LLMSettings

WAKE_SECONDS = 0.5
LLAMA_CPP, TRANSFORMERS = "llama.cpp", "transformers"
MAX_AT_ONCE = {
    LLAMA_CPP: 8,
    TRANSFORMERS: 16,
}  # requests in flight; more requests are hardly faster and take more memory
LLAMA_CPP_TOKENS = 32_768  # total context in memory, divided among the requests in flight

# The chat template of a GGUF file without one: the plain text of the messages, separated by blank lines.
# llama.cpp's default, ChatML, is unknown to a model that was not trained on it.
PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}"
    "{% if not loop.last %}{{ '\n\n' }}{% endif %}{% endfor %}"
)


@contextmanager
def local_target(settings: LLMSettings, state: Path) -> Iterator[Target]:
    """Yield a local model as a Target. Its server starts at the first request and stops after the block."""
    weights = resolve(settings.model)
    backend = backend_of(weights, settings)
    plain = backend == LLAMA_CPP and not has_chat_template(Path(weights))
    with ExitStack() as servers:
        yield Target(
            model=model_name(weights),
            server=f"{backend} in this process",
            identity=f"{backend}{' without chat template' if plain else ''}:{fingerprint(weights)}",
            concurrency=requests_at_once(backend, settings),
            timeout=None,  # no network can hang, and a slow machine must not fail a request
            start=lambda: servers.enter_context(serve(weights, settings, state)),
            in_process=True,
        )


def backend_of(weights: str, settings: LLMSettings) -> str:
    """Return `llama.cpp` or `transformers`. Raises UsageError if llama.cpp is set for a non-GGUF model."""
    if settings.backend == LLAMA_CPP and not is_gguf(weights):
        raise UsageError(f'llm.backend = "llama.cpp" runs GGUF files only, and {weights} is not a GGUF file')
    if settings.backend == "auto":
        return LLAMA_CPP if is_gguf(weights) else TRANSFORMERS
    return settings.backend


def requests_at_once(backend: str, settings: LLMSettings) -> int:
    """Return the maximum number of concurrent requests. llama.cpp reserves a whole context for each."""
    limit = max(1, LLAMA_CPP_TOKENS // settings.context) if backend == LLAMA_CPP else settings.concurrency
    return min(settings.concurrency, MAX_AT_ONCE[backend], limit)


def serve(
    weights: str, settings: LLMSettings, state: Path, host: str = "127.0.0.1", port: int = 0
) -> AbstractContextManager[str]:
    """Serve a model while the block runs, and yield the base URL. Port 0 picks a free port."""
    if backend_of(weights, settings) == LLAMA_CPP:
        return _llama_cpp(weights, settings, host, port)
    try:
        from gr_toolkit.llm.local.transformers_server import transformers_server
    except ImportError as error:
        raise MissingExtra("the transformers backend", INSTALL_TRANSFORMERS) from error
    from gr_toolkit.llm.local.huggingface import huggingface_folder

    source = huggingface_folder(weights, state)
    return transformers_server(source, model_name(weights), settings.context, host, port)


@contextmanager
def _llama_cpp(weights: str, settings: LLMSettings, host: str, port: int) -> Iterator[str]:
    try:
        import xllamacpp
    except ImportError as error:
        raise MissingExtra("llama.cpp", INSTALL_LLAMA_CPP) from error
    at_once = requests_at_once(LLAMA_CPP, settings)
    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {model_name(weights)}
    if not has_chat_template(Path(weights)):
        params.chat_template = PLAIN_TEMPLATE
    params.n_parallel = at_once
    params.n_ctx = settings.context * at_once
    # Threads must not busy-wait for each other: on a loaded machine that costs most of the speed.
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = cores()
        cpu.poll = 0
    params.hostnames = [host]
    params.port = port
    params.cache_ram_mib = 0  # each slot keeps its own prompt; further copies would only use memory
    params.warmup = False
    params.verbosity = -1  # llama.cpp's log on stderr would break the progress bar
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise ServerUnusable(f"llama.cpp cannot serve {Path(weights)} on {host}:{port}: {error}") from error
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server  # stops its threads


def serve_until_stopped(model: str, settings: LLMSettings, state: Path, host: str, port: int) -> None:
    """Serve a model until Ctrl-C or SIGTERM. Prints the URL and an example request."""
    weights = resolve(model)
    with serve(weights, settings, state, host, port) as url, suppress(KeyboardInterrupt):
        print(
            f"{model_name(weights)} is served at {url}; press Ctrl-C to stop. Try:\n\n"
            f"{_example(url, weights)}",
            flush=True,
        )
        while True:  # not one long wait, which a signal that another thread receives would not end
            time.sleep(WAKE_SECONDS)


def _example(url: str, weights: str) -> str:
    body = json.dumps(
        {"model": model_name(weights), "messages": [{"role": "user", "content": "What is 2 + 3?"}]}
    )
    return f"curl {url}/chat/completions -H 'Content-Type: application/json' -d '{body}'"
