"""The row type of every table, its version, and the Parquet schema that follows from it.

A column of type `X | None` may hold nulls; every other column may not.
"""

from __future__ import annotations

from datetime import datetime
from types import NoneType
from typing import Annotated, NamedTuple, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

import pyarrow as pa

Int32 = Annotated[int, pa.int32()]
MinHash = Annotated[list[int], pa.list_(pa.uint32(), 128)]


class Row(TypedDict):
    """The last two columns of every table."""

    kept: bool  # false: the step that wrote the row rejected it
    reason: str | None  # why the row was rejected; null if kept


class PageRow(Row):
    """A page as it was fetched."""

    id: str  # hash of URL and content
    url: str  # after redirects
    canonical_url: str  # declared by the page, else `url`; without tracking parameters
    host: str
    fetched_at: datetime
    status: Int32  # HTTP
    content_type: str
    etag: str | None
    last_modified: str | None
    depth: Int32  # number of links followed from a source
    source: str  # web, or the name of the archive
    html: bytes  # compressed with zstd; empty if rejected
    content_sha256: str


class MarkupAnswer(TypedDict):
    """An answer that a page's markup declares."""

    text: str
    accepted: bool  # the site marks this answer as correct
    votes: int | None


class MarkupQuestion(TypedDict):
    """A question that a page's markup declares."""

    question: str
    answers: list[MarkupAnswer]


class TextRow(Row):
    """The text of a page."""

    id: str  # the page's id: one text per page
    url: str
    title: str | None
    language: str | None  # ISO 639-1
    license: str | None
    author: str | None  # of the page or of its question; several authors are separated by commas
    date: str | None  # of publication, YYYY-MM-DD
    text: str  # Markdown, with mathematics as TeX
    qa_markup: list[MarkupQuestion]
    extract_ratio: float  # characters of text / characters of all visible text
    math_kept: float  # share of the page's formulas found in text; 1 if the page has none


class PairRow(Row):
    """A candidate question and answer. A text without a question gives one rejected row with nulls."""

    id: str  # hash of page, question and answer
    page_id: str
    url: str
    license: str | None
    question: str | None
    answer: str | None  # short
    solution: str | None  # the page's own solution, if any
    evidence: str | None  # the verbatim span of the page that contains the answer
    extractor: str  # "markup", or model and prompt version
    grounded: bool  # the answer was found in the page


class SignatureRow(Row):
    """The MinHash signature of a pair, stored so that a nightly run computes only those of new pairs."""

    id: str  # of the pair
    guard: str  # numbers and operators of the question; pairs that differ in them are not duplicates
    digest: str  # hash of the question's plain text; equal for exact duplicates
    minhash: MinHash


class DuplicateRow(Row):
    """A pair that repeats an earlier pair. The earlier pair has no row here."""

    id: str  # of the pair
    kept_id: str  # of the earlier pair
    similarity: float  # estimated Jaccard similarity; 1 if exact
    why: str  # exact (differs at most in case, spacing and numbering) | near


class ContaminatedRow(Row):
    """A pair that overlaps a benchmark."""

    id: str  # of the pair
    benchmark: str
    item: str  # the benchmark's id of the item
    overlap: float  # share of the item's n-grams found in the question


class JudgedRow(Row):
    """The model's judgement of a pair."""

    id: str  # of the pair
    question: str
    answer: str
    verifiable: bool | None  # null: the request failed
    answer_type: str | None  # see curate/judge.py
    category: str | None
    difficulty: str | None
    judge: str  # model and prompt version


class AttemptRow(Row):
    """One sampled solution."""

    id: str  # hash of pair and sample number
    pair_id: str
    sample: Int32
    solver: str  # model and instruction
    completion: str | None
    answer: str | None  # extracted from the completion
    reasoning: (
        str | None
    )  # the model's thoughts; null if it has none, or the server does not return them apart
    finish_reason: str | None  # of the completion, such as stop
    output_tokens: Int32 | None  # of completion and reasoning
    verdict: bool | None  # null: undecided
    decided_by: str | None
    rationale: str | None


class DatasetRow(Row):
    """A question of the final dataset. The first six columns are named like WebInstruct-verified's."""

    id: str  # of the pair
    question: str
    answer: str
    answer_type: str
    category: str
    difficulty: str
    pass_rate: float | None  # null: no attempt was decided
    url: str
    license: str | None
    evidence: str
    split: str  # train | test | dropped


ROWS: dict[str, type[Row]] = {
    "pages": PageRow,
    "texts": TextRow,
    "pairs": PairRow,
    "signatures": SignatureRow,
    "duplicates": DuplicateRow,
    "contaminated": ContaminatedRow,
    "judged": JudgedRow,
    "attempts": AttemptRow,
    "dataset": DatasetRow,
}


class Versions(NamedTuple):
    """The versions of a table, stored in every shard. Shards without versions have version 1 of both."""

    schema: int  # raised when the row type changes
    algorithm: int  # raised when the step would write other rows that must not be mixed with older ones

    def __str__(self) -> str:
        return f"schema {self.schema} algorithm {self.algorithm}"


VERSIONS: dict[str, Versions] = dict.fromkeys(ROWS, Versions(schema=1, algorithm=1)) | {
    # Raise the algorithm's version whenever `similarity.sign` would return another signature for any text:
    # signatures of two algorithms cannot be compared, and `gr curate dedup` then signs every pair again.
    "signatures": Versions(schema=1, algorithm=1),
    "attempts": Versions(schema=2, algorithm=1),  # 2: reasoning, finish_reason and output_tokens
}

ARROW_TYPES: dict[object, pa.DataType] = {
    str: pa.string(),
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    bytes: pa.binary(),
    datetime: pa.timestamp("ms", tz="UTC"),
}


def _fields(record: type) -> list[pa.Field]:
    hints = get_type_hints(record, include_extras=True)
    closing = {name: hints.pop(name) for name in Row.__annotations__ if name in hints}
    return [_field(name, hint) for name, hint in (hints | closing).items()]


def _field(name: str, hint: object) -> pa.Field:
    options = get_args(hint)
    if NoneType in options:
        (hint,) = (option for option in options if option is not NoneType)
        return pa.field(name, _arrow_type(hint))
    return pa.field(name, _arrow_type(hint), nullable=False)


def _arrow_type(hint: object) -> pa.DataType:
    if get_origin(hint) is Annotated:
        return get_args(hint)[1]
    if get_origin(hint) is list:
        return pa.list_(_arrow_type(get_args(hint)[0]))
    if isinstance(hint, type) and is_typeddict(hint):
        return pa.struct(_fields(hint))
    return ARROW_TYPES[hint]


SCHEMAS: dict[str, pa.Schema] = {name: pa.schema(_fields(record)) for name, record in ROWS.items()}
