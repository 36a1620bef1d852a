"""The budget is never exceeded, checked against the server's own accounting with many requests in flight."""

import threading

import pytest

from gr_toolkit.errors import BudgetExceeded, RequestFailed, UsageError
from gr_toolkit.llm import connect
from gr_toolkit.llm.spending.ledger import NANO, read_entries
from gr_toolkit.llm.usage import Prices, prices_of
from gr_toolkit.settings import LLMSettings
from loopback import Answer, asking, but_answers_control, fails, says, serving, user

PRICES = {"input_usd_per_million": 1000.0, "output_usd_per_million": 2000.0, "max_tokens": 20}


def spent(state):
    """What the ledger counts as spent or reserved, in US dollars."""
    entries = [entry.amounts for entry in read_entries(state, "")]
    return sum(entry.cost + entry.reserved for entry in entries) / NANO


class Bill:
    """The server's accounting; every reply has the same number of tokens."""

    def __init__(self, prompt_tokens=30, completion_tokens=20):
        self.tokens = (prompt_tokens, completion_tokens)
        self.usd = 0.0
        self.lock = threading.Lock()

    def __call__(self, body):
        with self.lock:
            self.usd += (self.tokens[0] * 1000 + self.tokens[1] * 2000) / 1e6
        return Answer(**{**vars(says("fine", tokens=self.tokens)), "hang": 0.01})


def ask_all(llm, count):
    return llm.map(lambda n: llm.ask(user(f"row {n}")), range(count), lambda _: None)


def test_cost_never_exceeds_the_budget(tmp_path):
    bill = Bill()
    with serving(bill) as server, asking(server, tmp_path, max_cost_usd=1.0, concurrency=16, **PRICES) as llm:
        with pytest.raises(BudgetExceeded, match=r"llm\.max_cost_usd = 1 .* Raise the limit"):
            ask_all(llm, 200)
        assert bill.usd <= 1.0
        assert bill.usd > 0.7  # unused reservations are released, so the budget is used
        assert llm.usage.cost_usd <= bill.usd


def test_sufficient_budget_does_not_stop_requests(tmp_path):
    bill = Bill(5, 1)
    with serving(bill) as server, asking(server, tmp_path, max_cost_usd=0.5, concurrency=16, **PRICES) as llm:
        assert len(ask_all(llm, 40)) == 40


def test_lost_request_counts_as_its_worst_case(tmp_path):
    with (
        serving(Answer(hang_up=True)) as server,
        asking(server, tmp_path, max_cost_usd=0.4, **PRICES) as llm,
        pytest.raises(BudgetExceeded),
    ):
        ask_all(llm, 1)
    assert len(server.seen) == 2


def test_cached_replies_cost_nothing(tmp_path):
    bill = Bill()
    with serving(bill) as server:
        with asking(server, tmp_path, max_cost_usd=1.0, **PRICES) as llm:
            ask_all(llm, 5)
        with asking(server, tmp_path, max_cost_usd=0.0, **PRICES) as llm:
            assert all(reply.cached for reply in ask_all(llm, 5))
    assert llm.usage.cost_usd == 0.0


def test_two_models_of_a_step_share_a_budget(tmp_path):
    settings = {"max_cost_usd": 0.25, **PRICES}
    with serving(Bill()) as server, asking(server, tmp_path, **settings) as solver:
        ask_all(solver, 1)
        second = LLMSettings(model="other", base_url=server.url, **settings)
        with connect(second, None, tmp_path) as verifier:
            ask_all(verifier, 1)
            with pytest.raises(BudgetExceeded):
                ask_all(verifier, 10)
    assert 0.14 <= spent(tmp_path) <= 0.25


def test_budget_without_prices_is_an_error(tmp_path):
    with (
        pytest.raises(UsageError, match="the prices of m: set input_usd_per_million and output_usd"),
        asking("http://127.0.0.1:9/v1", tmp_path, max_cost_usd=1.0),
    ):
        pass


def test_role_with_another_model_needs_its_own_prices(tmp_path):
    settings = LLMSettings.model_validate(
        {"model": "m", "base_url": "http://127.0.0.1:9/v1", "max_cost_usd": 1.0, **PRICES}
        | {"judge": {"model": "dear"}, "extractor": {"model": "local"}}
    )
    with pytest.raises(UsageError, match="the prices of dear"), connect(settings, "judge", tmp_path):
        pass
    assert prices_of(settings.for_role("extractor")) == Prices(0.0, 0.0)
    assert prices_of(settings.for_role("solver")) == Prices(1000.0, 2000.0)


def test_rejected_requests_cost_nothing(tmp_path):
    with (
        serving(but_answers_control(fails(400, "no"))) as server,
        asking(server, tmp_path, max_cost_usd=0.5, **PRICES) as llm,
    ):
        for n in range(10):
            with pytest.raises(RequestFailed):
                llm.run(llm.ask(user(str(n))))
        control = llm.usage.cost_usd
    assert len(server.seen) == 11  # with one control request
    assert spent(tmp_path) == pytest.approx(control)
    assert llm.usage.output_tokens == 5
