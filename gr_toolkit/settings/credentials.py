"""Which values of settings are refused, so that no key stands in the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import JsonValue

from gr_toolkit.runs.redaction import KEY

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Names of fields that hold a key. Others only end alike: prompt_cache_key, bos_token, max_tokens.
SECRET_FIELD = re.compile(
    r"(?:api|access|auth|secret|private|bearer|hf)[_.-]?(?:key|token)$|secret$|passw(?:or)?d$|authorization$"
    r"|credentials?$|^(?:key|token|bearer)$",
    re.IGNORECASE,
)
LONGEST_WORD = 12  # characters of a variable's name without an underscore; a longer one may be a password
LONG = 20  # characters; keys are at least this long
MANY = 4  # separate numbers in a text; random texts have as many, names have fewer


def variable_problem(name: str) -> str | None:
    """Why `name` cannot be the environment variable of a key, or None. The reason does not hold the name."""
    is_one_long_word = "_" not in name and len(name) > LONGEST_WORD
    if not VARIABLE.fullmatch(name) or is_one_long_word or looks_like_key(name):
        return "must be the name of an environment variable that holds the key, such as MY_KEY, not a key"
    return None


def looks_like_key(text: str) -> bool:
    """Whether the text is like a well-known key, or is long and looks random."""
    if KEY.fullmatch(text):
        return True
    has_all = all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return len(text) >= LONG and (has_all or len(re.findall("[0-9]+", text)) >= MANY)


def field_with_key(fields: dict[str, JsonValue]) -> str | None:
    """The name of the first field, at any depth, whose name is that of a key or whose text looks like one."""
    found = (name for name, value in _fields(fields) if SECRET_FIELD.search(name) or _shows_key(value))
    return next(found, None)


def _fields(value: JsonValue, above: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Every field in a JSON value, with its own name. The items of a list have the name of the list."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield name, below
            yield from _fields(below, name)
    elif isinstance(value, list):
        for below in value:
            yield above, below
            yield from _fields(below, above)


def _shows_key(value: JsonValue) -> bool:
    return isinstance(value, str) and KEY.search(value) is not None


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
