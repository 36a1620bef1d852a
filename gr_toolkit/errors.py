"""Every failure a user can meet. `cli.main` prints the message in one line and exits with the code.

GrError                 1   something failed; the message says what, to what, and what to do next
├── UsageError          2   the command or the settings are wrong
├── Locked             75   another process writes this table (EX_TEMPFAIL: cron may try later)
├── MissingExtra        1   an optional dependency is not installed
├── NoPages             1   the archives that were named hold none
├── StoreError          1
│   ├── CorruptShard        a shard could not be read and was moved aside
│   ├── RowsDoNotFit        rows that do not fit their table's schema
│   └── CannotWrite         no permission, disk full, no such bucket
└── ModelError          1
    ├── RequestFailed       one request failed for good; its row is recorded as failed
    ├── ServerUnusable      no key, unknown model, server down: no request can succeed
    └── BudgetExceeded      the next request could exceed max_cost_usd
"""

from __future__ import annotations


class GrError(Exception):
    """A failure the user can act on."""

    exit_code = 1


class UsageError(GrError):
    """The command line or the configuration is wrong."""

    exit_code = 2


class Locked(GrError):
    """Another process holds the table's lock."""

    exit_code = 75


class MissingExtra(GrError):
    """An optional dependency is missing; constructed with the feature and the command that installs it."""

    def __str__(self) -> str:
        feature, install = self.args
        return f"{feature} needs packages that are not installed. Install them with: {install}"


class NoPages(GrError):
    """No archive that was named gave a page; the message says what is wrong with the first."""


class StoreError(GrError):
    """A table could not be read or written."""


class CorruptShard(StoreError):
    """A shard could not be read; it has been moved aside."""


class RowsDoNotFit(StoreError):
    """Rows do not fit the schema of their table."""


class CannotWrite(StoreError):
    """The data folder does not take writes."""


class ModelError(GrError):
    """A language model could not be used."""


class RequestFailed(ModelError):
    """One request failed after all retries; the message says in which way, and after a colon the details."""

    @property
    def reason(self) -> str:
        """What the request's row records: without the details, so that reasons can be counted."""
        return f"failed: {str(self).partition(': ')[0]}"


class ServerUnusable(ModelError):
    """No request to this server can succeed."""


class BudgetExceeded(ModelError):
    """The next request could exceed the budget."""
