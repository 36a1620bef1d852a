"""`gr curate` over a bad night: what a server did not answer is pending, and the next run carries on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from commands import gr
from gr_toolkit.llm.requests import breaker
from gr_toolkit.llm.requests.wire import CONTROL
from gr_toolkit.store import Store
from gr_toolkit.store.tables import SCHEMAS
from loopback import Answer, Body, fails, says, serving
from rows import fill, rows_of

FACTS = {f"What is the name of city {number} of the list?": f"Name{number}" for number in range(12)}
JUDGEMENT = {"answer_type": "String", "category": "Other", "difficulty": "University", "problem": "none"}
SETTINGS = """
[llm]
model = "m"
base_url = "{url}"
concurrency = 4
retries = 1
patience = 2.0
timeout = 0.5
{more}
[curate]
samples = 2
any_pass_rate = true
similarity = 1.0
[verify]
model = false
"""
OUTAGES = {
    "500": fails(500, "oops"),
    "503 while /models is up": fails(503, "busy"),
    "hanging": Answer(hang=1.0, body={}),
    "HTML with 200": Answer(body=b"<html>Log in</html>", headers={"Content-Type": "text/html"}),
    "empty replies": says(""),
    "hanging up": Answer(hang_up=True),
}


def text_of(body: Body) -> str:
    return str(body["messages"][-1]["content"])  # type: ignore[index]


def fact_in(body: Body) -> tuple[str, str]:
    return next(fact for fact in FACTS.items() if fact[0] in text_of(body))


def good(body: Body) -> Answer:
    """The reply to each step's request, and to a control request."""
    if text_of(body) == CONTROL:
        return says("Yes")
    question, answer = fact_in(body)
    instructions = str(body["messages"][0]["content"])  # type: ignore[index]
    if instructions.startswith("Collect exam questions"):
        pair = {"question": question, "answer": answer, "evidence": f"{question} {answer}"}
        return says(json.dumps({"pairs": [pair]}))
    if instructions.startswith("You check questions"):
        return says(json.dumps(JUDGEMENT))
    return says(f"\\boxed{{{answer if body['seed'] else 'Nowhere'}}}")


class Server:
    """A server whose behaviour can be exchanged. `asked` counts its requests, except control requests."""

    def __init__(self) -> None:
        self.behave = good
        self.asked: Counter[str] = Counter()

    def __call__(self, body: Body) -> Answer:
        if text_of(body) != CONTROL:
            self.asked[json.dumps(body, sort_keys=True)] += 1
        return self.behave(body)


@pytest.fixture
def server():
    return Server()


def make(folder: Path, url: str, more: str = "") -> Store:
    """Write twelve texts in four shards, each with one question, and the settings."""
    folder.mkdir()
    store = Store(str(folder / "gr-data"), folder / "gr-data" / ".state")
    facts = list(enumerate(FACTS.items()))
    for shard in range(4):
        rows = [
            fill("texts", f"{number:032x}", text=f"{question} {answer}", qa_markup=[], language="en")
            for number, (question, answer) in facts[3 * shard : 3 * shard + 3]
        ]
        store.table("texts").write(f"{shard:06d}", rows)
    (folder / "gr.toml").write_text(SETTINGS.format(url=url, more=more))
    return store


def tables(store: Store) -> dict[str, list[dict[str, object]]]:
    return {name: sorted(rows_of(store, name), key=lambda row: str(row["id"])) for name in SCHEMAS}


def curate(store: Store, *arguments: str) -> tuple[int, list[dict[str, object]], str]:
    """Run `gr curate`; return its exit code, its summaries and what it printed on stderr."""
    code, output, errors = gr(Path(store.data).parent, "curate", *arguments, "--json")
    return code, json.loads(output)["steps"] if output else [], errors


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """The tables of an undisturbed run."""
    with serving(good) as running:
        store = make(tmp_path_factory.mktemp("night") / "calm", running.url)
        assert curate(store)[0] == 0
    assert all(len(rows_of(store, name)) >= 12 for name in ("pairs", "judged", "attempts", "dataset"))
    return tables(store)


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES)
def test_tables_after_an_outage_are_those_of_an_undisturbed_run(server, calm, tmp_path, outage):
    with serving(server) as running:
        store = make(tmp_path / "bad", running.url)
        server.behave = lambda body: outage
        code, (summary,), errors = curate(store)
        assert code == 1
        assert (summary["pending"], summary["rows"], store.table("pairs").shards()) == (12, 0, [])
        assert summary["notes"][0].startswith("pending: 12 rows in 4 shards")
        assert "run the same command again" in errors
        assert "Traceback" not in errors
        server.behave = good
        assert curate(store)[0] == 0
        assert tables(store) == calm


def test_tables_after_a_night_without_a_server_are_those_of_an_undisturbed_run(server, calm, tmp_path):
    store = make(tmp_path / "bad", "http://127.0.0.1:9/v1")
    code, (summary,), errors = curate(store)
    assert (code, summary["pending"]) == (1, 12)
    assert "cannot reach http://127.0.0.1:9/v1/" in errors.splitlines()[-1]
    with serving(server) as running:
        config = tmp_path / "bad" / "gr.toml"
        config.write_text(config.read_text().replace("http://127.0.0.1:9/v1", running.url))
        assert curate(store)[0] == 0
    assert tables(store) == calm


@pytest.mark.parametrize("after", [5, 30])
@pytest.mark.parametrize("more", ["cache = true", "cache = false"])
def test_outage_in_the_middle_loses_and_repeats_nothing(server, calm, tmp_path, after, more):
    answered: Counter[str] = Counter()

    def fail_later(body: Body) -> Answer:
        if answered.total() >= after:
            return fails(500)
        answered[json.dumps(body, sort_keys=True)] += 1
        return good(body)

    with serving(server) as running:
        store = make(tmp_path / "bad", running.url, more)
        server.behave = fail_later
        code, *_, errors = curate(store)
        assert code == 1, errors
        server.behave = good
        server.asked.clear()
        assert curate(store)[0] == 0
    assert tables(store) == calm
    assert not answered.keys() & server.asked.keys()  # no reply is paid for twice


def test_server_that_returns_within_the_patience_costs_only_time(server, calm, tmp_path, monkeypatch):
    monkeypatch.setattr(breaker, "FIRST_WAIT", 0.01)
    failures = iter(range(12))

    def behave(body: Body) -> Answer:
        return fails(503) if next(failures, None) is not None else good(body)

    with serving(server) as running:
        store = make(tmp_path / "bad", running.url)
        config = tmp_path / "bad" / "gr.toml"
        config.write_text(config.read_text().replace("patience = 2.0", "patience = 600"))
        server.behave = behave
        code, _, errors = curate(store)
    assert code == 0
    assert "is down: HTTP 503; waiting up to 600 s for it" in errors
    assert "answers again" in errors
    assert tables(store) == calm


@pytest.mark.parametrize("count", [1, 6])
def test_rows_that_always_fail_are_settled_and_the_others_go_on(server, calm, tmp_path, count):
    poison = list(FACTS)[:count]

    def behave(body: Body) -> Answer:
        is_poison = any(question in text_of(body) for question in poison)
        return fails(500, "cannot read this") if is_poison else good(body)

    with serving(server) as running:
        store = make(tmp_path / "bad", running.url)
        server.behave = behave
        code, summaries, errors = curate(store)
        assert code == 0, errors
        assert summaries[0]["reasons"] == {"failed: HTTP 500": count}
        assert (summaries[-1]["rows"], summaries[0]["pending"]) == (12 - count, 0)
        server.behave = good
        assert curate(store, "extract", "--again", "failed")[0] == 0
        assert curate(store)[0] == 0
        assert tables(store) == calm


def test_rows_pending_in_one_step_do_not_stop_the_shards_that_are_finished(server, calm, tmp_path):
    unlucky = next(iter(FACTS))

    def behave(body: Body) -> Answer:
        if unlucky in text_of(body) or text_of(body) == CONTROL:
            return Answer(hang_up=True)  # even the control request: no failure counts
        return good(body)

    with serving(server) as running:
        store = make(tmp_path / "bad", running.url)
        server.behave = behave
        code, summaries, errors = curate(store)
        assert code == 1
        assert errors.splitlines()[-1] == "gr: 1 row pending: run the same command again to carry on"
        assert [summary["pending"] for summary in summaries] == [1, 0, 0, 0, 0, 0]
        assert store.table("dataset").shards() == ["000001", "000002", "000003"]
        server.behave = good
        assert curate(store)[0] == 0
        assert tables(store) == calm
