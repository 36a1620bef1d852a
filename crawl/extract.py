"""`gr crawl extract`: pages -> texts. A pure function of each kept page, run over the shards still to do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from crawl.response import decompress
from crawl.text.about import author_of, date_of, language_of, license_of, title_of
from crawl.text.blocks import blocks_of, join
from crawl.text.decode import decode
from crawl.text.main_text import main_blocks
from crawl.text.mathematics import Formulas, save_formulas
from crawl.text.qa_markup import Answer, Question, read_qa_markup
from crawl.text.reveal import reveal
from crawl.text.tree import parse
from gr_toolkit.console import Summary
from gr_toolkit.engine import run_spread
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from gr_toolkit.store.table import Row

NO_TEXT = "no text"


def extract(store: Store, settings: Settings, summaries: list[Summary]) -> None:
    """Write a shard of `texts` for every shard of `pages` that has none.

    Its summary is appended as it begins. Raises as `run_spread` does.
    """
    summaries.append(Summary("crawl extract", table="texts"))
    function = partial(text_rows, store)
    run_spread(store, summaries[-1], function, engine=settings.engine, workers=settings.workers)


def text_rows(store: Store, shard: str) -> list[Row]:
    """The rows of `texts` for one shard of `pages`: one for each page that was kept."""
    rows = store.table("pages").rows(shard, ["id", "url", "content_type", "html", "kept"])
    return [text_row(row) for row in rows if row["kept"]]


def text_row(page: Mapping[str, object]) -> Row:
    """The row of `texts` for a row of `pages`. Never raises: a page that cannot be read is turned down."""
    html = page["html"]
    assert isinstance(html, bytes)
    try:
        found = read_text(decode(decompress(html), str(page["content_type"])))
    except Exception as error:
        found = _nothing(f"cannot be parsed: {type(error).__name__}: {str(error)[:100]}")
    return {"id": page["id"], "url": page["url"], **found}


def read_text(html: str) -> Row:
    """What a page says, as the columns of `texts` beside id and url."""
    tree = parse(html)
    if tree is None:
        return _nothing(NO_TEXT)
    title = title_of(tree)
    about = {"license": license_of(tree), "author": author_of(tree), "date": date_of(tree)}
    formulas = Formulas(html)
    reveal(tree)
    save_formulas(tree, formulas)
    questions = read_qa_markup(tree)
    blocks = blocks_of(tree)
    declared = [part for question in questions for part in texts_of(question)]
    # A page that a script is to fill may still declare what it asks and answers.
    text = join(main_blocks(tree, blocks, formulas.token, declared, title or "")) or "\n\n".join(declared)
    if not text:
        return _nothing(NO_TEXT)
    readable = formulas.restore(text)
    return {
        "title": title,
        "language": language_of(tree, readable),
        **about,
        "text": readable,
        "qa_markup": [restored(question, formulas) for question in questions],
        "extract_ratio": min(1.0, len(text) / max(1, len(join(blocks)))),
        "math_kept": formulas.share_in(text),
        "kept": True,
        "reason": None,
    }


def texts_of(question: Question) -> list[str]:
    """What it asks, and each of its answers."""
    return [question["question"], *(answer["text"] for answer in question["answers"])]


def restored(question: Question, formulas: Formulas) -> Question:
    """The question and its answers with TeX for tokens."""
    answers: list[Answer] = [
        {**answer, "text": formulas.restore(answer["text"])} for answer in question["answers"]
    ]
    return {"question": formulas.restore(question["question"]), "answers": answers}


def _nothing(reason: str) -> Row:
    """The columns of a page that gave no text."""
    return {
        "title": None,
        "language": None,
        "license": None,
        "author": None,
        "date": None,
        "text": "",
        "qa_markup": [],
        "extract_ratio": 0.0,
        "math_kept": 1.0,
        "kept": False,
        "reason": reason,
    }
