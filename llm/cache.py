"""Replies on disk, keyed by the whole request, so that a re-run costs nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

from console import say
from errors import CannotWrite
from llm.messages import Reply


def request_key(endpoint: str, body: Mapping[str, object]) -> str:
    """SHA-256 of the request in canonical JSON; no key or header takes part in it."""
    canonical = json.dumps([endpoint, body], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


class Cache:
    """One SQLite file. Several processes may share it, and any of them may be killed at any moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = _open(path)
        except (OSError, sqlite3.OperationalError) as error:
            raise self._cannot_write(error) from error

    def get(self, key: str) -> Reply[None] | None:
        """The stored reply, or None. Raises CannotWrite."""
        try:
            row = self._database.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error
        return Reply(**json.loads(row[0]), parsed=None, cached=True) if row else None

    def put(self, key: str, reply: Reply[None]) -> None:
        """Store a reply. Raises CannotWrite."""
        stored = {
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "input_tokens": reply.input_tokens,
            "output_tokens": reply.output_tokens,
        }
        try:
            with self._database:
                self._database.execute(
                    "INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", (key, json.dumps(stored), time.time())
                )
        except sqlite3.OperationalError as error:
            raise self._cannot_write(error) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _cannot_write(self, error: Exception) -> CannotWrite:
        return CannotWrite(
            f"cannot write the response cache {self.path}: {error}; "
            "make room or choose another folder with --data, or set llm.cache = false to do without"
        )

    def _damaged(self, error: Exception) -> CannotWrite:
        return CannotWrite(
            f"the response cache {self.path} is damaged: {error}; "
            f"delete {self.path}* and run the same command again"
        )


def _open(path: Path) -> sqlite3.Connection:
    """The database; a file that is none is moved aside, since a cache can always be filled again."""
    try:
        return _connect(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        aside = path.with_suffix(".corrupt")
        path.replace(aside)
        say(f"the response cache {path} cannot be read ({error}); moved it to {aside} and began a new one")
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=60, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")  # readers and a writer side by side, whole after a kill
    database.execute("PRAGMA synchronous = NORMAL")
    with database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS replies "
            "(key TEXT PRIMARY KEY, reply TEXT NOT NULL, stored_at REAL NOT NULL) WITHOUT ROWID"
        )
    return database
