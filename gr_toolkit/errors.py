"""All errors reported to the user. `cli.main` prints the message in one line and exits with the code.

GrError                 1   base class; the message says what failed and what to do next
├── UsageError          2   invalid command line or settings
├── Locked             75   another process holds the lock (EX_TEMPFAIL: cron may retry later)
├── MissingExtra        1   an optional dependency is not installed
├── NoPages             1   the given archives contain no pages
├── StoreError          1
│   ├── CorruptShard        an unreadable shard, which was moved aside
│   ├── RowsDoNotFit        rows that do not fit their table's schema
│   └── CannotWrite         no permission, disk full, no such bucket
└── ModelError          1
    ├── RequestFailed       one request failed after all retries; its row is marked as failed
    ├── ServerUnusable      no request can succeed: no API key, unknown model, or server down
    └── BudgetExceeded      the next request could exceed max_cost_usd
"""

from __future__ import annotations


class GrError(Exception):
    """A failure that the user can act on."""

    exit_code = 1


class UsageError(GrError):
    """The command line or the configuration is invalid."""

    exit_code = 2


class Locked(GrError):
    """Another process holds the lock of a table or file."""

    exit_code = 75


class MissingExtra(GrError):
    """An optional dependency is missing. Arguments: the feature, and the command that installs it."""

    def __str__(self) -> str:
        feature, install = self.args
        return f"{feature} needs packages that are not installed. Install them with: {install}"


class NoPages(GrError):
    """None of the given archives contains a page; the message describes the first archive's problem."""


class StoreError(GrError):
    """A table could not be read or written."""


class CorruptShard(StoreError):
    """A shard could not be read and was moved aside."""


class RowsDoNotFit(StoreError):
    """Rows do not fit the schema of their table."""


class CannotWrite(StoreError):
    """The data folder cannot be written."""


class ModelError(GrError):
    """A language model could not be used."""


class RequestFailed(ModelError):
    """One request failed after all retries. The message is the kind of failure, a colon, and the details."""

    @property
    def reason(self) -> str:
        """The reason stored in the row: the kind of failure only, so that equal reasons can be counted."""
        return f"failed: {str(self).partition(': ')[0]}"


class ServerUnusable(ModelError):
    """No request to this server can succeed."""


class BudgetExceeded(ModelError):
    """The next request could exceed the budget."""
