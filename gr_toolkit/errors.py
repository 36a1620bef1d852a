"""All errors reported to the user. `cli.main` prints the message in one line and exits with the code.

GrError                 1   base class; the message says what failed and what to do next
├── UsageError          2   invalid command line or settings
├── Locked             75   another process holds the lock (EX_TEMPFAIL: cron may retry later)
├── MissingExtra        1   an optional dependency is not installed
├── NoPages             1   the given archives contain no pages
├── StoreError          1
│   ├── CorruptShard        an unreadable or foreign shard, which was moved aside
│   ├── OutdatedShard       a shard of another version that cannot be read as the current one
│   ├── RowsDoNotFit        rows that do not fit their table's schema
│   └── CannotWrite         no permission, disk full, no such bucket
├── RowsPending         1   a step left rows pending for the next run
├── WorkerDied          1   a worker process was killed, probably because memory ran out
└── ModelError          1
    ├── RequestFailed       a request has no usable reply, and repeating it would not help: its row is settled
    ├── Unanswered          a request got no reply after all retries: its row stays pending
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
    """A shard could not be read, or is not a shard of its table, and was moved aside."""


class OutdatedShard(StoreError):
    """A shard of another version does not fit the current schema. The message says how to make it again."""


class RowsDoNotFit(StoreError):
    """Rows do not fit the schema of their table."""


class CannotWrite(StoreError):
    """The data folder cannot be written."""


class RowsPending(GrError):
    """A step left rows pending. Running the same command again carries on."""


class WorkerDied(GrError):
    """A worker process ended without a result."""

    def __str__(self) -> str:
        return (
            "a worker process was killed, probably because memory ran out. What is written is kept: run the "
            "same command again, with fewer workers (GR_WORKERS=1) if it happens again"
        )


class ModelError(GrError):
    """A language model could not be used. The message is the kind of failure, a colon, and the details."""

    @property
    def kind(self) -> str:
        """The kind of failure without its details, so that equal kinds can be counted."""
        return str(self).partition(": ")[0]

    @property
    def reason(self) -> str:
        """The reason stored in a row that failed."""
        return f"failed: {self.kind}"


class RequestFailed(ModelError):
    """A request has no usable reply, and sending it again would not help."""


class TooLong(RequestFailed):
    """A request exceeds the model's context. With a smaller max_tokens it may fit."""


class UnusableReply(RequestFailed):
    """The model's reply to a request is refused, filtered, cut off, empty or invalid."""


class Unanswered(ModelError):
    """A request got no reply after all retries. Sent again later, it may get one."""

    def __init__(self, message: str, *, counts: bool) -> None:
        """`counts`: meanwhile the server answered other requests, so the request itself may be the cause."""
        super().__init__(message)
        self.counts = counts


class ServerUnusable(ModelError):
    """No request to this server can succeed."""


class BudgetExceeded(ModelError):
    """The next request could exceed the budget."""
