"""Masks secrets in texts that a person may read or share: messages, logs and stored reasons."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping

MASK = "***"
CRAWL_CREDENTIALS = "GR_AUTH_"  # begins the environment variables that hold the credentials of a crawl
SECRET_VARIABLE = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
MIN_SECRET = 8  # characters; to mask a shorter value could mask ordinary words
# In URLs of some object stores a name before the @ is no user name, so there only a password is masked. A
# password may wrongly hold a slash; what follows the colon is a password if it is not the number of a port.
USER_INFO = re.compile(
    r"""(?:(?<=http)|(?<=https))://[^\s/?#"<>\\]*@|://[^\s/?#"<>\\:@]*:(?!\d*[/?#])[^\s"<>\\]{0,200}@""",
    re.IGNORECASE,
)
# Parameters of a query or fragment. Their marks are percent-encoded where a parameter holds another URL.
SECRET_NAME = (
    r"(?:key|key_?id|token|secret|password|passwd|pwd|auth(?:orization)?|sig(?:nature)?|credentials?)"
)
PARAMETER = re.compile(
    rf"((?:[?&;#]|%3F|%26|%23)[\w.-]{{0,64}}?{SECRET_NAME}(?:=|%3D))(?:(?!%26|%23)[^&;#\s\"'<>\\])+",
    re.IGNORECASE,
)
HEADER = re.compile(
    r"(\bauthorization[\"']?\s?[:=]\s?[\"']?(?:(?:basic|bearer)\s)?+)[\w.~+/=-]+", re.IGNORECASE
)
# A single lower-case word is prose, as in "Bearer authentication is required".
BEARER = re.compile(r"(\b(?i:bearer)\s{1,9})(?![a-z]{1,15}[.,:;]?(?:\s|$))[\w.~+/=-]{8,}")
# The prefixes of well-known keys. A server's message may show a key with its middle masked.
KEY = re.compile(
    r"(?<![A-Za-z0-9_-])(?:sk-[\w*-]{8,}|[sr]k_(?:live|test|prod)\w{8,}|hf_[A-Za-z0-9]{16,}|AIza[\w-]{16,}"
    r"|gsk_\w{16,}|xai-[\w-]{16,}|gh[oprsu]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|A[KS]IA[A-Z0-9]{12,}"
    r"|xox[a-z]-[\w-]{10,}|nvapi-[\w-]{16,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)"
)

_kept_secret: set[str] = set()  # by `keep_secret`, in this process


def keep_secret(value: str) -> None:
    """Let `redact` mask this value from now on. A value shorter than MIN_SECRET is not masked."""
    if len(value) >= MIN_SECRET:
        _kept_secret.add(value)


def redact(text: str) -> str:
    """Return the text with the secrets of the environment, and those given to `keep_secret`, masked.

    Masks user names and passwords in URLs, values of parameters such as api_key, and texts that look like
    keys. A text that is already redacted stays the same. Redact a text before you cut it: a part of a secret
    is not found.
    """
    return redact_values(text, [*_kept_secret, *secret_values(os.environ)])


def redact_url(url: str) -> str:
    """Return one URL, which may be invalid or lack its scheme, with everything before its last @ masked."""
    head, _, tail = url.rpartition("@")
    scheme, slashes, _ = head.partition("://")
    if slashes:
        return redact(f"{scheme}{slashes}{MASK}@{tail}")
    return redact(f"{MASK}@{tail}" if ":" in head else url)


def redact_values(text: str, secrets: Iterable[str]) -> str:
    """Return the text with `secrets` masked, and with everything that looks like a secret."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):  # one may be part of another
        text = text.replace(secret, MASK)
    text = USER_INFO.sub(f"://{MASK}@", text)
    for pattern in (PARAMETER, HEADER, BEARER):
        text = pattern.sub(rf"\1{MASK}", text)
    return KEY.sub(MASK, text)


def secret_values(environment: Mapping[str, str]) -> list[str]:
    """The values of variables whose names end in KEY, TOKEN, SECRET or PASSWORD, and a crawl's credentials.

    A password is also listed without its user name, and both together as an HTTP header encodes them. Values
    shorter than MIN_SECRET are not listed.
    """
    values: list[str] = []
    for name, value in environment.items():
        if name.startswith(CRAWL_CREDENTIALS):
            values += [value, value.partition(":")[2], value.partition(" ")[2], encoded(value)]
        elif SECRET_VARIABLE.search(name):
            values.append(value)
    return [value.strip() for value in values if len(value.strip()) >= MIN_SECRET]


def encoded(credentials: str) -> str:
    """Encode `user:password` for HTTP's Basic authentication (RFC 7617)."""
    return base64.b64encode(credentials.encode("utf-8", "surrogateescape")).decode()
