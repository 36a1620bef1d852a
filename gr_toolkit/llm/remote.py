"""The server of a role's model, and the API key that requests to it carry."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gr_toolkit.errors import ServerUnusable, UsageError
from gr_toolkit.llm.requests.target import Target
from gr_toolkit.runs.redaction import keep_secret
from gr_toolkit.settings.credentials import exposure, is_server

if TYPE_CHECKING:
    from gr_toolkit.settings import LLMSettings, Role

OPENAI = "https://api.openai.com/v1"
DEFAULT_KEY_ENV = "OPENAI_API_KEY"  # its key goes to no other server, unless a setting or variable says so
DEFAULT_SERVER_ENV = "OPENAI_BASE_URL"


def remote_target(settings: LLMSettings, role: Role | None = None) -> Target:
    """The target of a role whose settings name a server.

    A key is sent if `api_key_env` is set for the server. Without it, the key of OpenAI goes only to OpenAI
    and to the server that OPENAI_BASE_URL names. From now on, messages and logs mask the key. Raises
    UsageError if the server's URL is invalid. The target's `start` raises ServerUnusable if the server needs
    a key and there is none. Messages name the settings that count for the role.
    """
    url_setting, model_setting = (settings.name_of(name, role) for name in ("base_url", "model"))
    settings = settings.for_role(role)
    named = os.environ.get(DEFAULT_SERVER_ENV, "")
    base_url = settings.base_url or named or OPENAI
    name = url_setting if settings.base_url else DEFAULT_SERVER_ENV
    if problem := exposure(base_url):
        raise UsageError(f"{name} {problem}")
    if not is_server(base_url):
        raise UsageError(f"{name} = {base_url!r} is not a URL such as http://localhost:8000/v1")
    takes_default = is_openai(base_url) or base_url.rstrip("/") == named.rstrip("/")
    key_env = settings.api_key_env or (DEFAULT_KEY_ENV if takes_default else "")
    key = os.environ.get(key_env, "").strip()
    keep_secret(key)
    wants_key = bool(settings.api_key_env) or is_openai(base_url)

    def start() -> str:
        if wants_key and not key:
            raise ServerUnusable(
                f"no API key for {base_url}: set the environment variable {key_env}, or {url_setting} "
                f'for another server, or {model_setting} = "local" for a model on this machine'
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
        key_env=key_env,
        is_openai=is_openai(base_url),
    )


def is_openai(base_url: str) -> bool:
    """Whether the URL is of OpenAI's own server."""
    parts = urlsplit(base_url)
    return (parts.scheme, parts.hostname) == ("https", "api.openai.com") and parts.port in (None, 443)
