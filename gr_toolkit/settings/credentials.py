"""Which servers and names of variables are refused, so that no key stands in the settings."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEY_PREFIXES = ("sk-", "sk_", "rk_", "hf_", "AIza", "gsk_", "xai-", "ghp_", "github_pat_", "AKIA", "ASIA")
LONG = 20  # characters; keys are at least this long
MANY = 4  # separate numbers in a text; random texts have as many, names have fewer


def variable_problem(name: str) -> str | None:
    """Why `name` cannot be the environment variable of a key, or None. The reason does not hold the name."""
    if not VARIABLE.fullmatch(name) or looks_like_key(name):
        return "must be the name of an environment variable that holds the key, such as MY_KEY, not a key"
    return None


def looks_like_key(text: str) -> bool:
    """Whether the text begins like a well-known key, or is long and looks random."""
    if text.startswith(KEY_PREFIXES):
        return True
    has_all = all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return len(text) >= LONG and (has_all or len(re.findall("[0-9]+", text)) >= MANY)


def is_server(url: str) -> bool:
    """Whether `url` is an http(s) URL with a valid host and port."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def exposure(url: str) -> str | None:
    """Why a server's URL may hold a secret, or None. It need not be a valid URL."""
    if "@" in url:
        return "must not hold a user name or password: set api_key_env for the server's key"
    if "?" in url or "#" in url:
        return "must not hold a query: requests add their path to the URL"
    return None
