"""The schema of every table: what one row is, and what each column holds.

Two columns close every table. `kept` is false in a row that its step turned down, and then, and only
then, `reason` says why. Columns declared with `required` may hold no null.
"""

from __future__ import annotations

import pyarrow as pa


def required(name: str, type_: pa.DataType) -> pa.Field:
    """A column without nulls."""
    return pa.field(name, type_, nullable=False)


def optional(name: str, type_: pa.DataType) -> pa.Field:
    """A column that may hold nulls."""
    return pa.field(name, type_)


VERDICT = [
    required("kept", pa.bool_()),  # false: turned down by this step
    optional("reason", pa.string()),  # why it was turned down; null where kept
]

MARKUP_ANSWER = pa.struct(
    [
        required("text", pa.string()),
        required("accepted", pa.bool_()),  # marked as the right one by the site
        optional("votes", pa.int64()),
    ]
)
MARKUP_QUESTION = pa.struct(
    [
        required("question", pa.string()),
        required("answers", pa.list_(MARKUP_ANSWER)),
    ]
)

TABLES: dict[str, pa.Schema] = {
    # A fetched page, as it came.
    "pages": pa.schema(
        [
            required("id", pa.string()),  # of url and content
            required("url", pa.string()),  # that was asked for, after redirects
            required("canonical_url", pa.string()),  # without tracking, or as the page has it
            required("host", pa.string()),
            required("fetched_at", pa.timestamp("ms", tz="UTC")),
            required("status", pa.int32()),  # HTTP
            required("content_type", pa.string()),
            optional("etag", pa.string()),
            optional("last_modified", pa.string()),
            required("depth", pa.int32()),  # links followed from a source
            required("source", pa.string()),  # web, or the archive that it came from
            required("html", pa.binary()),  # zstd; empty where turned down
            required("content_sha256", pa.string()),
            *VERDICT,
        ]
    ),
    # What a page says.
    "texts": pa.schema(
        [
            required("id", pa.string()),  # of the page: one text a page
            required("url", pa.string()),
            optional("title", pa.string()),
            optional("language", pa.string()),  # ISO 639-1
            optional("license", pa.string()),
            optional("author", pa.string()),  # of the page, or of its question; several with commas between
            optional("date", pa.string()),  # of publication, YYYY-MM-DD
            required("text", pa.string()),  # Markdown, mathematics as TeX
            required("qa_markup", pa.list_(MARKUP_QUESTION)),  # what the page's markup declares
            required("extract_ratio", pa.float64()),  # characters of text / of all visible text
            required("math_kept", pa.float64()),  # share of the page's formulas found in text; 1 if none
            *VERDICT,
        ]
    ),
    # A candidate question and answer. A text without any is one row with neither, turned down.
    "pairs": pa.schema(
        [
            required("id", pa.string()),  # of page, question and answer
            required("page_id", pa.string()),
            required("url", pa.string()),
            optional("license", pa.string()),
            optional("question", pa.string()),
            optional("answer", pa.string()),  # short
            optional("solution", pa.string()),  # the page's own working, if any
            optional("evidence", pa.string()),  # the verbatim span of the page that carries the answer
            required("extractor", pa.string()),  # "markup", or model and prompt version
            required("grounded", pa.bool_()),  # the answer was found in the page
            *VERDICT,
        ]
    ),
    # A pair that repeats another. The pair that came first is in no row.
    "duplicates": pa.schema(
        [
            required("id", pa.string()),  # of the pair
            required("kept_id", pa.string()),  # of the pair that it repeats
            required("similarity", pa.float64()),  # estimated Jaccard; 1 if exact
            required("why", pa.string()),  # exact (the same but for case and the like) | near
            *VERDICT,
        ]
    ),
    # A pair that overlaps a benchmark.
    "contaminated": pa.schema(
        [
            required("id", pa.string()),  # of the pair
            required("benchmark", pa.string()),
            required("item", pa.string()),  # the benchmark's id of the item
            required("overlap", pa.float64()),  # share of the item's n-grams in the question
            *VERDICT,
        ]
    ),
    # The model's judgement of a pair.
    "judged": pa.schema(
        [
            required("id", pa.string()),  # of the pair
            required("question", pa.string()),
            required("answer", pa.string()),
            optional("verifiable", pa.bool_()),  # null: the model could not be asked
            optional("answer_type", pa.string()),  # see curate/judge.py
            optional("category", pa.string()),
            optional("difficulty", pa.string()),
            required("judge", pa.string()),  # model and prompt version
            *VERDICT,
        ]
    ),
    # One sampled solution.
    "attempts": pa.schema(
        [
            required("id", pa.string()),  # of pair and sample number
            required("pair_id", pa.string()),
            required("sample", pa.int32()),
            required("solver", pa.string()),  # model and instruction
            optional("completion", pa.string()),
            optional("answer", pa.string()),  # as extracted from the completion
            optional("verdict", pa.bool_()),  # null: could not be decided
            optional("decided_by", pa.string()),
            optional("rationale", pa.string()),
            *VERDICT,
        ]
    ),
    # The result. The first six columns are WebInstruct-verified's.
    "dataset": pa.schema(
        [
            required("id", pa.string()),  # of the pair
            required("question", pa.string()),
            required("answer", pa.string()),
            required("answer_type", pa.string()),
            required("category", pa.string()),
            required("difficulty", pa.string()),
            optional("pass_rate", pa.float64()),  # null: no attempt could be decided
            required("url", pa.string()),
            optional("license", pa.string()),
            required("evidence", pa.string()),
            required("split", pa.string()),  # train | test | dropped
            *VERDICT,
        ]
    ),
    # Not a table of the funnel: the MinHash signatures behind `duplicates`, kept so that a nightly run
    # signs only what is new.
    "signatures": pa.schema(
        [
            required("id", pa.string()),  # of the pair
            required("guard", pa.string()),  # numbers and operators: two pairs that differ here differ
            required("digest", pa.string()),  # of the question's plain text: the same in exact duplicates
            required("minhash", pa.list_(pa.uint32(), 128)),
            *VERDICT,
        ]
    ),
}

# The tables whose shards of the same name each table needs. `pages` is fed by the web.
NEEDS: dict[str, tuple[str, ...]] = {
    "pages": (),
    "texts": ("pages",),
    "pairs": ("texts",),
    "signatures": ("pairs",),
    "duplicates": ("pairs", "signatures"),
    "contaminated": ("pairs", "duplicates"),
    "judged": ("pairs", "duplicates", "contaminated"),
    "attempts": ("judged",),
    "dataset": ("pairs", "judged", "attempts"),
}

# The tables that a person reads, in the order in which the stages write them.
FUNNEL = ("pages", "texts", "pairs", "duplicates", "contaminated", "judged", "attempts", "dataset")


def sources(table: str) -> tuple[str, ...]:
    """The tables of the funnel that a table is made from: NEEDS without what its own step writes."""
    return tuple(name for name in NEEDS[table] if name in FUNNEL)


# The command that writes each table, for messages.
MADE_BY: dict[str, str] = {
    "pages": "gr crawl",
    "texts": "gr crawl extract",
    "pairs": "gr curate extract",
    "duplicates": "gr curate dedup",
    "signatures": "gr curate dedup",
    "contaminated": "gr curate decontaminate",
    "judged": "gr curate judge",
    "attempts": "gr curate attempt",
    "dataset": "gr curate export",
}
