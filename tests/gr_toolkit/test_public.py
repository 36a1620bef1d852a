"""The Python API: docs/python.md lists what the packages export, and its examples run."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

import gr_toolkit
import gr_toolkit.verify
from files import ROOT
from gr_toolkit.errors import UsageError
from gr_toolkit.settings import load_settings
from gr_toolkit.store import Store
from gr_toolkit.store.tables import SCHEMAS
from gr_toolkit.verify import Item, Verifier, open_verifier
from loopback import Accepts, serving
from rows import fill

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


def test_docs_list_the_public_names():
    cells = "\n".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))
    listed = set(re.findall(r"`(gr_toolkit[\w.]*)", cells))
    exported = {f"gr_toolkit.{name}" for name in gr_toolkit.__all__ if name != "verify"}
    exported |= {f"gr_toolkit.verify.{name}" for name in gr_toolkit.verify.__all__}
    assert listed == exported


@pytest.mark.parametrize("package", [gr_toolkit, gr_toolkit.verify], ids=lambda package: package.__name__)
def test_every_public_name_can_be_imported_and_has_a_docstring(package):
    for name in package.__all__:
        text = getattr(package, name).__doc__
        assert text
        assert not text.startswith(f"{name}("), f"{name} has only the docstring that dataclass generates"
    assert set(dir(package)) >= set(package.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = package.nothing


def test_verdict_examples_give_the_documented_results():
    example = PAGE.partition("## Verdicts")[2].partition("```python\n")[2].partition("```")[0]
    names: dict[str, object] = {}
    for line in example.splitlines():
        code, _, comment = line.partition("#")
        if comment:
            assert repr(eval(code, names)).replace("'", '"') == comment.partition(":")[0].strip()
        else:
            exec(code, names)


def test_table_example_runs(store, monkeypatch):
    rows = [fill("dataset", "a", split="train", question="Why?"), fill("dataset", "b", split="test")]
    store.table("dataset").write("1", rows)
    monkeypatch.chdir(Path(store.data).parent)
    names: dict[str, object] = {}
    exec(PAGE.partition("## Tables")[2].partition("```python\n")[2].partition("```")[0], names)
    assert names["train"]["question"].to_list() == ["Why?"]


def test_verifier_is_an_attribute_of_the_package():
    code = "import gr_toolkit; print(gr_toolkit.verify.verify('', '2', '2.0').correct)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_verifier_runs_inside_an_event_loop_like_a_notebook_s(tmp_path):
    async def cell() -> list[bool | None]:
        items = [Item("", "2", "2.0"), Item("What rises?", "warmth", "heat")]
        alone = Verifier()
        llm = {"model": "m", "base_url": server.url}
        with open_verifier(load_settings(data=str(tmp_path), llm=llm)) as verifier:
            found = verifier.run(verifier.verify_many(items))
        return [verdict.correct for verdict in [*alone.run(alone.verify_many(items)), *found]]

    with serving(Accepts()) as server:
        assert asyncio.run(cell()) == [True, None, True, True]


def test_importing_the_package_imports_nothing_heavy():
    code = "import gr_toolkit, sys; print({'polars', 'pyarrow', 'pydantic', 'openai'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_open_table_returns_a_lazy_frame_in_shard_order(store):
    rows = [fill("dataset", name, split="train") for name in "cab"]
    store.table("dataset").write("1", rows[:2])
    store.table("dataset").write("2", rows[2:])
    store.table("dataset").write("3", [])
    frame = gr_toolkit.open_table(store.data, "dataset")
    assert isinstance(frame, pl.LazyFrame)
    assert frame.filter(pl.col("split") == "train").select("id").collect()["id"].to_list() == ["c", "a", "b"]
    assert frame.collect_schema().names() == SCHEMAS["dataset"].names


@pytest.mark.parametrize("table", SCHEMAS)
def test_table_without_shards_is_empty_and_has_its_columns(store, table):
    store.table("pages").write("1", [])
    frame = gr_toolkit.open_table(store.data, table).collect()
    assert (len(frame), frame.columns) == (0, SCHEMAS[table].names)


def test_column_that_an_older_shard_lacks_is_null(store):
    store.table("pages").write("1", [fill("pages", "a")])
    older = pq.read_table(f"{store.data}/pages/1.parquet").drop_columns(["etag"])
    pq.write_table(older, f"{store.data}/pages/0.parquet")
    assert gr_toolkit.open_table(store.data, "pages").collect()["etag"].to_list() == [None, "text"]


def test_open_table_reads_from_a_url(tmp_path):
    url = f"memory://{tmp_path.name}/run"
    Store(url, tmp_path).table("pages").write("1", [fill("pages", "a"), fill("pages", "b")])
    Store(url, tmp_path).table("pages").write("2", [fill("pages", "c", kept=False, reason="empty")])
    frame = gr_toolkit.open_table(url, "pages")
    assert frame.filter(pl.col("kept")).select("id", "html").collect()["id"].to_list() == ["a", "b"]
    assert frame.select("reason").collect()["reason"].to_list() == [None, None, "empty"]


def test_brackets_in_a_path_are_not_a_pattern(tmp_path):
    data = tmp_path / "run[1]*"
    Store(str(data), data / ".state").table("pages").write("1", [fill("pages", "a")])
    assert len(gr_toolkit.open_table(data, "pages").collect()) == 1


@pytest.mark.parametrize(
    ("data", "table", "message"),
    [
        ("nowhere", "pages", "there is no data folder nowhere"),
        ("", "pages", "there is no data folder"),
        (".", "datasets", "there is no table datasets; did you mean dataset?"),
        (".", "zzz", "there is no table zzz; the tables are pages, texts"),
    ],
)
def test_missing_folder_or_table_is_a_usage_error(tmp_path, monkeypatch, data, table, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=re.escape(message)):
        gr_toolkit.open_table(data, table)
