"""Opens a connection to the model configured for a role."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gr_toolkit.errors import ServerUnusable, UsageError
from gr_toolkit.llm.cache import Cache
from gr_toolkit.llm.client import LLM
from gr_toolkit.llm.loops import LOOP
from gr_toolkit.llm.names import is_local
from gr_toolkit.llm.requests.endpoint import Endpoint
from gr_toolkit.llm.requests.target import Target
from gr_toolkit.llm.unfinished import Unfinished
from gr_toolkit.llm.usage import Budget, Usage, prices_of

if TYPE_CHECKING:
    from gr_toolkit.settings import LLMSettings, Role

OPENAI = "https://api.openai.com/v1"
DEFAULT_KEY_ENV = "OPENAI_API_KEY"  # if api_key_env names another variable, the server requires a key
CACHE_FILE = "llm_cache.sqlite"
UNFINISHED_FILE = "unfinished.sqlite"  # replies to the requests of unfinished shards


@contextmanager
def connect(
    settings: LLMSettings, role: Role | None, state: Path, budget: Budget | None = None
) -> Iterator[LLM]:
    """Yield a client for a role's model. The first cache miss connects to the server or loads the model.

    A step with two models passes the first client's `budget` to the second, so that both share one limit.
    Raises UsageError if the settings are invalid. The client's first use raises MissingExtra, and UsageError
    if a local model does not exist.
    """
    settings = settings.for_role(role)
    prices = prices_of(settings)
    with ExitStack() as stack:
        cache = stack.enter_context(closing(Cache(state / CACHE_FILE))) if settings.cache else None
        unfinished = stack.enter_context(closing(Unfinished(state / UNFINISHED_FILE)))
        budget = budget or Budget(settings.max_cost_usd)
        remote = None if is_local(settings.model) else _remote(settings)

        def open_endpoint(usage: Usage) -> Endpoint:
            target = remote or stack.enter_context(_local(settings, state))
            endpoint = Endpoint(target, settings.retries, settings.patience, prices, budget, usage)
            stack.callback(lambda: LOOP.run(endpoint.close()))
            return endpoint

        LOOP.grace = settings.grace
        yield LLM(open_endpoint, settings, budget, cache, unfinished)


def _local(settings: LLMSettings, state: Path) -> AbstractContextManager[Target]:
    from gr_toolkit.llm.local.serving import local_target

    return local_target(settings, state)


def _remote(settings: LLMSettings) -> Target:
    base_url = settings.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI
    if not base_url.startswith(("http://", "https://")):
        raise UsageError(f"llm.base_url = {base_url!r} is not a URL such as http://localhost:8000/v1")
    key = os.environ.get(settings.api_key_env, "").strip()
    wants_key = base_url == OPENAI or settings.api_key_env != DEFAULT_KEY_ENV

    def start() -> str:
        if wants_key and not key:
            raise ServerUnusable(
                f"no API key for {base_url}: set the environment variable {settings.api_key_env}, "
                'or llm.base_url for another server, or llm.model = "local" for a model on this machine'
            )
        return base_url

    return Target(
        model=settings.model,
        server=base_url,
        identity=base_url.rstrip("/"),
        concurrency=settings.concurrency,
        timeout=settings.timeout,
        start=start,
        key=key,
        key_env=settings.api_key_env,
    )
