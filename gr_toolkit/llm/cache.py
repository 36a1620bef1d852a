"""A cache of replies on disk, keyed by the whole request, so that a second run costs nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from gr_toolkit.console import say
from gr_toolkit.llm.messages import Reply, Token
from gr_toolkit.sqlite import explaining, open_database


def request_key(endpoint: str, body: Mapping[str, object]) -> str:
    """Return the SHA-256 of the request as canonical JSON; API key and headers are not included."""
    canonical = json.dumps([endpoint, body], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


class JsonCache:
    """A key-value store of JSON values in one SQLite file, for many threads and processes.

    A kill at any moment leaves the file intact. `write` and `prepare` create the file and its folder. A file
    that is not a database is moved aside and replaced, since its content can be recomputed. Every method that
    accesses the file raises CannotWrite if the access fails. The error suggests `instead`, the setting that
    disables the cache, if there is one.
    """

    def __init__(self, path: Path, table: str, name: str, instead: str | None) -> None:
        self.path = path
        self._table = table
        self._name = name
        self._instead = instead
        self._turn = threading.Lock()  # transactions on one connection must not interleave
        self._database: sqlite3.Connection | None = None

    def has_folder(self) -> bool:
        """Whether the file's folder exists."""
        return self.path.parent.is_dir()

    def read(self, key: str) -> object:
        """Return the value stored under the key, or None if it is missing or is not JSON."""
        with self._turn, self._explaining():
            if self._database is None and not self.path.exists():
                return None
            row = self._opened().execute(f"SELECT * FROM {self._table} WHERE key = ?", (key,)).fetchone()
        try:
            return json.loads(row[1]) if row else None
        except (ValueError, RecursionError):
            return None

    def prepare(self) -> None:
        """Create the file before the first request is sent, so that an unwritable folder costs nothing."""
        with self._turn, self._explaining():
            self._opened()

    def write(self, key: str, value: object) -> None:
        """Store a JSON-serializable value under the key."""
        row = (key, json.dumps(value), time.time())
        with self._turn, self._explaining(), self._opened() as database:
            database.execute(f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?, ?)", row)

    def forget(self, prefix: str) -> None:
        """Delete the values of all keys that begin with the prefix."""
        with self._turn, self._explaining():
            if self._database is None and not self.path.exists():
                return
            with self._opened() as database:
                statement = f"DELETE FROM {self._table} WHERE key >= ? AND key < ?"
                database.execute(statement, (prefix, prefix + "\uffff"))

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            if self._database is not None:
                self._database.close()

    def _explaining(self) -> AbstractContextManager[None]:
        without = f", or set {self._instead} to run without a cache" if self._instead else ""
        return explaining(self._name, self.path, without)

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = self._open()
        return self._database

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            aside = self.path.with_suffix(".corrupt")
            self.path.replace(aside)
            say(
                f"the {self._name} {self.path} cannot be read ({error}); "
                f"moved it to {aside} and started a new one"
            )
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        return open_database(
            self.path,
            f"CREATE TABLE IF NOT EXISTS {self._table} "
            "(key TEXT PRIMARY KEY, value TEXT NOT NULL, stored_at REAL NOT NULL) WITHOUT ROWID",
        )


class Cache(JsonCache):
    """Model replies in a file: by default the response cache."""

    def __init__(
        self, path: Path, name: str = "response cache", instead: str | None = "llm.cache = false"
    ) -> None:
        super().__init__(path, "replies", name, instead)

    def get(self, key: str) -> Reply[None] | None:
        """Return the reply stored under the key, or None if it is missing or malformed."""
        stored = self.read(key)
        if not isinstance(stored, dict):
            return None
        try:
            ending = tuple(Token(*token) for token in stored.pop("ending", ()))
            return Reply(**stored, parsed=None, cached=True, ending=ending)
        except TypeError:
            return None

    def put(self, key: str, reply: Reply[None]) -> None:
        """Store a reply under the key."""
        stored = {
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "input_tokens": reply.input_tokens,
            "output_tokens": reply.output_tokens,
        }
        rare = {
            "ending": reply.ending,
            "reasoning": reply.reasoning,
            "reasoning_tokens": reply.reasoning_tokens,
        }
        self.write(key, stored | {name: value for name, value in rare.items() if value})
