"""bench/llm.py: its simulated services and server, its measures, and the tables that it prints."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from random import Random
from statistics import mean
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bench.requests import measure, service, tables
from bench.requests.client_process import BIN, measure_count, measure_seconds
from bench.requests.measure import Size, main
from bench.requests.rates import Shares, rates, recovery
from bench.requests.scenarios import BURST_FROM, BURST_RUN, BURST_UNTIL, Scenario
from bench.requests.server import Behaviour, serving
from bench.requests.service import TOKENS, Sharing, rate, reply_tokens


@pytest.mark.parametrize(
    ("served", "in_flight", "expected"),
    [
        (service.constant(0.1), 16, 160),
        (service.collapsing_at_arrival(0.1, 16), 8, 80),
        (service.collapsing_at_arrival(0.1, 16), 16, 160),
        (service.collapsing_at_arrival(0.1, 16), 32, 80),
        (service.collapsing(0.1, 16), 8, 80),
        (service.collapsing(0.1, 16), 16, 160),
        (service.collapsing(0.1, 16), 32, 80),
        (service.batching(0.2, 64), 64, 160),
        (service.batching(0.2, 64), 256, 256),
        (service.queueing(0.1, 16), 8, 80),
        (service.queueing(0.1, 16), 64, 160),
    ],
)
def test_a_service_has_the_rate_that_its_formula_gives(served, in_flight, expected):
    assert rate(served, in_flight, 60) == pytest.approx(expected, rel=0.02)


def test_the_best_rate_of_a_shared_server_is_the_same_with_random_lengths():
    random = Random(1)
    found = rate(service.collapsing(0.1, 32), 32, 200, lambda: reply_tokens(random, True) / TOKENS)
    assert found == pytest.approx(320, rel=0.02)


def test_requests_that_share_a_server_finish_when_their_work_is_done_however_late_the_call():
    shared = Sharing(lambda k: 1 / k)
    shared.arrive(0.0, 0, 2.0)
    shared.arrive(1.0, 1, 0.5)  # alone until now, then both at half speed: 1 ends at 2, and 0 at 2.5
    assert (shared.in_flight, shared.next_finish()) == (2, 2.0)
    assert shared.finish(1.9) == []
    assert shared.finish(2.2) == [1]
    assert shared.next_finish() == pytest.approx(2.5)
    shared.arrive(9.0, 2, 1.0)
    assert shared.next_finish() == pytest.approx(10.0)
    assert shared.finish(11.0) == [0, 2]
    assert (shared.in_flight, shared.next_finish()) == (0, None)


def test_random_lengths_have_the_mean_of_the_fixed_length():
    random = Random(0)
    lengths = [reply_tokens(random, True) for _ in range(20_000)]
    assert mean(lengths) == pytest.approx(TOKENS, rel=0.03)
    assert reply_tokens(random, False) == TOKENS


def post(url):
    body = json.dumps({"model": "bench", "messages": []}).encode()
    try:
        with urlopen(Request(f"{url}/chat/completions", body)) as response:
            return response.status, json.load(response), response.headers
    except HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers


def test_the_server_answers_as_openai_does_and_counts():
    with serving(Behaviour(base=0.01)) as server:
        status, reply, _ = post(server.url)
        assert (status, reply["choices"][0]["finish_reason"]) == (200, "stop")
        assert reply["usage"]["completion_tokens"] == TOKENS
        assert 150 < len(reply["choices"][0]["message"]["content"]) < 250
        assert server.counts() == {"200": 1, "most in flight": 1}


def test_the_server_refuses_those_that_it_does_not_admit():
    with serving(Behaviour(base=1.0, admitted=1)) as server, ThreadPoolExecutor(3) as threads:
        found = sorted(status for status, *_ in threads.map(post, [server.url] * 3))
        assert found == [200, 429, 429]
        assert server.counts()["most in flight"] == 1


def test_the_server_refuses_in_a_burst_and_names_a_time():
    with serving(Behaviour(burst_until=60.0, retry_after=1)) as server:
        status, _, headers = post(server.url)
        assert (status, headers["Retry-After"]) == (429, "1")
    with serving(Behaviour(base=0.01, burst_from=60.0, burst_until=62.0)) as server:
        assert post(server.url)[0] == 200


def test_the_server_fails_for_the_given_share_of_requests():
    with serving(Behaviour(base=0.0, faults=0.5)) as server:
        failed = sum(post(server.url)[0] == 500 for _ in range(100))
        assert 30 < failed < 70
        assert server.counts()["500"] == failed


def test_rates_count_replies_of_mean_length_per_second():
    assert rates([0, 0, TOKENS, 3 * TOKENS]) == (pytest.approx(1 / BIN), pytest.approx(2 / BIN))


def tokens_with(changes):
    """Ten replies in each bin; from each time (seconds) in `changes` on, the number that is given there."""
    bins = []
    for number in range(round(BURST_RUN / BIN)):
        replies = next((replies for start, replies in reversed(changes) if number * BIN >= start - 1e-6), 10)
        bins.append(replies * TOKENS)
    return bins


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(BURST_FROM, 0), (BURST_UNTIL, 10)], 0.0),
        ([(BURST_FROM, 0), (BURST_UNTIL + 3, 10)], pytest.approx(2.8)),  # 90 % of the window
        ([(BURST_FROM, 0), (BURST_UNTIL + 3, 8)], None),
    ],
)
def test_recovery_is_when_the_rate_is_nearly_what_it_was(changes, expected):
    assert recovery(tokens_with(changes)) == expected


def test_cpu_is_compared_turn_by_turn():
    printed = tables.cpu(3000, {"openai": [1.0, 2.0, 4.0], "ours": [1.5, 2.2, 4.8]})
    assert "| gr, cache on | 1.20 | 1.10 to 1.50 | <= 1.2: reached |" in printed


def test_the_limit_is_shown_beside_the_yardstick_of_the_server():
    scenario = Scenario("slow", Behaviour(), 320.0, 0.9)
    shares = {
        "ours": Shares(0.91, 0.97, 0, 0.5, 40, {"200": 9}),
        "fixed": Shares(0.1, 0.05, 2, 0.1, 256, {"200": 1}),
    }
    printed = tables.limiter(30.0, {scenario: shares})
    assert "| slow | 91 / 97 | 10 / 5 | 320/s | >= 90: reached | 40 | 0 / 2 | 50 / 10 |" in printed
    shares["ours"] = shares["ours"]._replace(whole=0.89)
    assert ">= 90: missed" in tables.limiter(30.0, {scenario: shares})


@pytest.mark.parametrize("client", ["openai", "step"])
def test_every_client_sends_the_requests_that_are_counted(client):
    with serving(Behaviour(base=0.001)) as server:
        counted = measure_count(client, server.url, 100)
        assert server.counts()["200"] == 256 + 100  # with the warm-up
        assert counted.cpu > 0
        assert server.counts()["most in flight"] <= 256


def test_a_client_that_sends_for_some_time_counts_the_tokens_that_it_received():
    with serving(Behaviour(base=0.2)) as server:
        timed = measure_seconds("ours", server.url, 1.0)
        assert len(timed.tokens) == 10
        assert timed.replies > 0
        assert sum(timed.tokens) <= timed.replies * TOKENS <= server.counts()["200"] * TOKENS
        assert timed.failed == 0


@pytest.mark.soak
def test_the_command_prints_tables_and_writes_figures(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(measure, "QUICK", Size(1, 100, 256, 1.0, 50))
    figures = tmp_path / "figures.json"
    assert main(["--quick", "--server", "queue", "--json", str(figures)]) == 0
    printed = capsys.readouterr().out
    assert "| gr, a step of gr curate, cache on |" in printed
    assert "| a queue before 64 workers |" in printed
    assert "skipped; name a Python" in printed
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert set(found) == {"cpu", "rate", "limiter", "curator"}
    assert found["limiter"]["shares"]["a queue before 64 workers"]["ours"]["failed"] == 0


def test_a_python_without_curator_is_an_error(tmp_path, capsys):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no curator here >&2\nexit 3\n", encoding="utf-8")
    python.chmod(0o755)
    assert main(["--quick", "--parts", "curator", "--curator", str(python)]) == 1
    assert "no curator here" in capsys.readouterr().err
    assert main(["--quick", "--parts", "curator", "--curator", str(tmp_path / "none")]) == 1
    assert "cannot be started" in capsys.readouterr().err


def test_an_unknown_part_is_an_error_that_names_it(capsys):
    with pytest.raises(SystemExit):
        main(["--parts", "cpu,magic"])
    assert "no part named magic" in capsys.readouterr().err
