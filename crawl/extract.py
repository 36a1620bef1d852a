"""`gr crawl extract`: applies a pure function to every kept row of table `pages`; writes table `texts`."""

from __future__ import annotations

from functools import partial

from crawl.response import decompress
from crawl.text.about import author_of, date_of, language_of, license_of, title_of
from crawl.text.blocks import blocks_of, join
from crawl.text.decode import decode
from crawl.text.main_text import main_blocks
from crawl.text.mathematics import Formulas, save_formulas
from crawl.text.qa_markup import read_qa_markup
from crawl.text.reveal import reveal
from crawl.text.tree import parse
from gr_toolkit.console import Summary
from gr_toolkit.engine import require_engine, run_spread
from gr_toolkit.settings import Settings
from gr_toolkit.steps import step_of
from gr_toolkit.store import Store
from gr_toolkit.store.aside import set_aside_again
from gr_toolkit.store.tables import MarkupAnswer, MarkupQuestion, PageRow, TextRow

NO_TEXT = "no text"


def extract(store: Store, settings: Settings, summaries: list[Summary], again: str | None = None) -> None:
    """Write a shard of `texts` for every shard of `pages` that has none yet.

    The shards that hold rows with the reason `again` are set aside first. Appends its summary to `summaries`
    before all. Raises the errors of `run_spread`.
    """
    require_engine(settings.engine)
    summaries.append(Summary(step_of("texts").name, table="texts"))
    if again is not None:
        set_aside_again(store, "texts", again)
    function = partial(text_rows, store)
    run_spread(store, summaries[-1], function, engine=settings.engine, workers=settings.workers)


def text_rows(store: Store, shard: str) -> list[TextRow]:
    """The rows of `texts` for one shard of `pages`, one per kept page."""
    return [text_row(page) for page in store.table("pages").rows(shard) if page["kept"]]


def text_row(page: PageRow) -> TextRow:
    """The row of `texts` for a row of `pages`. Never raises: a page that cannot be parsed is rejected."""
    try:
        return read_text(decode(decompress(page["html"]), page["content_type"]), page["id"], page["url"])
    except Exception as error:
        return _rejected(
            f"cannot be parsed: {type(error).__name__}: {str(error)[:100]}", page["id"], page["url"]
        )


def read_text(html: str, page_id: str, url: str) -> TextRow:
    """Return the row of `texts` for a page's HTML: its text, metadata and questions."""
    tree = parse(html)
    if tree is None:
        return _rejected(NO_TEXT, page_id, url)
    title = title_of(tree)
    license, author, date = license_of(tree), author_of(tree), date_of(tree)
    formulas = Formulas(html)
    reveal(tree)
    save_formulas(tree, formulas)
    questions = read_qa_markup(tree)
    blocks = blocks_of(tree)
    declared = [part for question in questions for part in texts_of(question)]
    # A page without main text, because a script has to load it, may still declare questions and answers.
    text = join(main_blocks(tree, blocks, formulas.token, declared, title or "")) or "\n\n".join(declared)
    if not text:
        return _rejected(NO_TEXT, page_id, url)
    readable = formulas.restore(text)
    return {
        "id": page_id,
        "url": url,
        "title": title,
        "language": language_of(tree, readable),
        "license": license,
        "author": author,
        "date": date,
        "text": readable,
        "qa_markup": [restore_formulas(question, formulas) for question in questions],
        "extract_ratio": min(1.0, len(text) / max(1, len(join(blocks)))),
        "math_kept": formulas.share_in(text),
        "kept": True,
        "reason": None,
    }


def texts_of(question: MarkupQuestion) -> list[str]:
    """The texts of a question and its answers."""
    return [question["question"], *(answer["text"] for answer in question["answers"])]


def restore_formulas(question: MarkupQuestion, formulas: Formulas) -> MarkupQuestion:
    """Return the question and its answers with each formula token replaced by the formula's TeX."""
    answers: list[MarkupAnswer] = [
        {**answer, "text": formulas.restore(answer["text"])} for answer in question["answers"]
    ]
    return {"question": formulas.restore(question["question"]), "answers": answers}


def _rejected(reason: str, page_id: str, url: str) -> TextRow:
    """The rejected row of a page without usable text."""
    return {
        "id": page_id,
        "url": url,
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
