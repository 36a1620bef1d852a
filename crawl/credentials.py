"""The credentials of a crawl: one environment variable per host, such as GR_AUTH_EXAMPLE_ORG.

A URL never holds them: URLs stand in tables, messages and logs.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from crawl.urls import host_of
from gr_toolkit.errors import UsageError
from gr_toolkit.runs.redaction import CRAWL_CREDENTIALS, encoded

BEARER = "Bearer "
LOCAL = "localhost"


def variable_of(host: str) -> str:
    """The environment variable with the credentials of a host, and of a port that is not the default.

    A dot and a colon become one underscore, a hyphen becomes two, and an underscore three. So each host has
    its own variable: a-b.org does not receive the password of a.b.org.
    """
    name = host.strip("[]").replace("_", "___").replace("-", "__")
    return CRAWL_CREDENTIALS + re.sub(r"\W", "_", name, flags=re.ASCII).upper()


def authorization(url: str) -> str | None:
    """The header Authorization of a request to `url`; None without credentials for its host.

    They are sent over https, and to this machine and private addresses also over http.
    """
    value = os.environ.get(variable_of(host_of(url)), "").strip()
    if not value or not _is_protected(url):
        return None
    return value if value.startswith(BEARER) else f"Basic {encoded(value)}"


def check_credentials(environment: Mapping[str, str]) -> None:
    """Raise UsageError if the credentials of a host are malformed. The message does not hold them."""
    for name, value in environment.items():
        if name.startswith(CRAWL_CREDENTIALS) and value.strip() and not _is_valid(value.strip()):
            raise UsageError(f"{name} must be user:password, or Bearer and a token")


def _is_valid(value: str) -> bool:
    if value.startswith(BEARER):
        return re.fullmatch(r"[\w.~+/=-]+", value.removeprefix(BEARER), re.ASCII) is not None
    return ":" in value and value.isprintable()


def _is_protected(url: str) -> bool:
    """Whether nobody on the way to the server can read the request."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_private = ipaddress.ip_address(host).is_private
    except ValueError:
        is_private = host == LOCAL
    return parts.scheme == "https" or is_private
