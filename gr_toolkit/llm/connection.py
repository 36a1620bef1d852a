"""Opens a connection to the model configured for a role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gr_toolkit.llm.cache import Cache
from gr_toolkit.llm.client import LLM
from gr_toolkit.llm.loops import LOOP
from gr_toolkit.llm.names import is_local
from gr_toolkit.llm.remote import remote_target
from gr_toolkit.llm.requests.endpoint import Endpoint
from gr_toolkit.llm.requests.target import Target
from gr_toolkit.llm.spending.budget import Budget
from gr_toolkit.llm.spending.ledger import Ledger
from gr_toolkit.llm.unfinished import Unfinished
from gr_toolkit.llm.usage import Usage, prices_of

if TYPE_CHECKING:
    from gr_toolkit.settings import LLMSettings, Role

CACHE_FILE = "llm_cache.sqlite"
UNFINISHED_FILE = "unfinished.sqlite"  # replies to the requests of unfinished shards


@contextmanager
def connect(settings: LLMSettings, role: Role | None, state: Path) -> Iterator[LLM]:
    """Yield a client for a role's model. The first cache miss connects to the server or loads the model.

    All clients with the same folder `state` share one ledger of costs, and so one budget. Raises UsageError
    if the settings are invalid. The client's first use raises MissingExtra, and UsageError if a local model
    does not exist.
    """
    shared, settings = settings, settings.for_role(role)
    remote = None if is_local(settings.model) else remote_target(shared, role)
    prices = prices_of(settings)
    with ExitStack() as stack:
        cache = stack.enter_context(closing(Cache(state / CACHE_FILE))) if settings.cache else None
        unfinished = stack.enter_context(closing(Unfinished(state / UNFINISHED_FILE)))
        ledger = stack.enter_context(closing(Ledger(state)))

        def open_endpoint(usage: Usage) -> Endpoint:
            target = remote or stack.enter_context(_local(settings, state))
            budget = stack.enter_context(Budget(ledger, settings, usage))
            endpoint = Endpoint(target, settings.retries, settings.patience, prices, budget, usage)
            stack.callback(lambda: LOOP.run(endpoint.close()))
            return endpoint

        LOOP.grace = settings.grace
        yield LLM(open_endpoint, settings, cache, unfinished)


def _local(settings: LLMSettings, state: Path) -> AbstractContextManager[Target]:
    from gr_toolkit.llm.local.serving import local_target

    return local_target(settings, state)
