"""The cascade: which stage decides, which requests are shared, and what a failing server causes."""

from __future__ import annotations

import asyncio
import math
import socket
import threading
from collections import Counter

import pytest

from gr_toolkit.errors import BudgetExceeded, ServerUnusable, Unanswered
from gr_toolkit.llm.requests import breaker, endpoint
from gr_toolkit.settings import load_settings
from gr_toolkit.verify import Extraction, Item, Verdict, Verifier
from gr_toolkit.verify.batch.judging import judge_all
from gr_toolkit.verify.batch.rows import Pair
from gr_toolkit.verify.cache import VerdictCache, verdict_key
from gr_toolkit.verify.cascade import verify, verify_many
from gr_toolkit.verify.judge.decoys import decoy
from gr_toolkit.verify.opening import open_verifier
from loopback import Answer, asking, but_answers_control, fails, says, serving

QUESTION = "What rises?"
HEAT, COLD = Item(QUESTION, "warmth", "heat"), Item(QUESTION, "warmth", "cold")
NUMBER = Item("", "5", "5.0")
DECOY = decoy(HEAT)
SYMBOLIC = Item("", r"\overline{z} + 1", r"1 + \overline{z}")  # mathematics that no rule can read


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(endpoint, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(breaker, "FIRST_WAIT", 0.01)


def judges(body) -> Answer:
    """A verifier model that decides yes for heat against warmth, and no for everything else."""
    reference, answer = (
        body["prompt"].partition(f"### {field}: ")[2].split("\n")[0]
        for field in ("Ground Truth Answer", "Student Answer")
    )
    right = "heat" in answer.lower() and reference != DECOY
    return says(f"Final Decision: {'Yes' if right else 'No'}")


def doubts(_) -> Answer:
    """A verifier model that decides no and is unsure, so that a second model is asked."""
    top = {" No": math.log(0.6), " Yes": math.log(0.4)}
    logprobs = {"tokens": [" No"], "token_logprobs": [top[" No"]], "top_logprobs": [top]}
    choice = {"text": "Final Decision: No", "finish_reason": "stop", "logprobs": logprobs}
    return Answer(body={"choices": [choice]})


def decided(verdicts):
    return [(verdict.correct, verdict.decided_by) for verdict in verdicts]


def ask(llm, *items, cache=None):
    return llm.run(Verifier(llm, cache=cache, decoys=False).verify_many(items))


def test_model_decides_open_items_and_keeps_the_order(tmp_path):
    items = [HEAT, NUMBER, COLD, Item(QUESTION, "warmth", None), HEAT]
    with serving(judges) as server, asking(server, tmp_path) as llm:
        verdicts = ask(llm, *items)
    assert [verdict.correct for verdict in verdicts] == [True, True, False, False, True]
    assert [verdicts[n].decided_by for n in (0, 2, 3)] == ["model", "model", "no answer"]
    assert len(server.seen) == 2


def test_rules_decide_without_a_model():
    undecided, correct, wrong = asyncio.run(verify_many([HEAT, NUMBER, NUMBER._replace(answer="7")]))
    assert [verdict.correct for verdict in (undecided, correct, wrong)] == [None, True, False]
    assert (undecided.decided_by, undecided.confidence) == ("rules", None)
    assert verify(*HEAT[:3]) == undecided
    assert verify(*NUMBER[:3]) == correct


@pytest.mark.parametrize("answer", [None, "", "  \n", "<think> 5 is", "</think>"])
def test_missing_answer_is_wrong_without_a_request(tmp_path, answer):
    with serving(judges) as server, asking(server, tmp_path) as llm:
        (verdict,) = ask(llm, HEAT._replace(answer=answer))
    assert (verdict.correct, verdict.decided_by, verdict.confidence) == (False, "no answer", None)
    assert verify("", "5", answer) == verdict
    assert server.seen == []


def test_completion_is_judged_by_its_stated_answer(tmp_path):
    text = "<think>Is it 7?</think> Air does, so the answer is \\boxed{heat}."
    with serving(judges) as server, asking(server, tmp_path) as llm:
        assert decided(ask(llm, HEAT._replace(answer=text))) == [(True, "model")]
    assert "### Student Answer: heat\n" in server.seen[0]["prompt"]
    assert verify("What is 2 + 3?", "5", "2 + 3 = 5, so \\boxed{5}").correct is True


@pytest.mark.parametrize("reference", ["", "  "])
def test_missing_reference_is_undecided_without_a_request(tmp_path, reference):
    with serving(judges) as server, asking(server, tmp_path) as llm:
        (verdict,) = ask(llm, HEAT._replace(reference=reference))
    assert verdict.correct is None
    assert "reference" in verdict.reason
    assert server.seen == []


@pytest.mark.parametrize(
    "answer",
    [
        "h" * 1_000_000,
        "9" * 1_000_000,
        "{" * 1_000_000,
        "1 " * 500_000,
        "\\boxed{" * 140_000,
        "\x00\x01" * 500_000,
    ],
)
@pytest.mark.timeout(120)
def test_megabyte_answer_is_judged_and_never_correct(tmp_path, answer):
    with serving(judges) as server, asking(server, tmp_path) as llm:
        (verdict,) = ask(llm, HEAT._replace(answer=answer))
    assert verdict.correct is not True
    assert verdict.reason
    assert verify(*HEAT._replace(answer=answer)[:3]).correct is not True
    assert server.seen == []


@pytest.mark.parametrize(
    "odd", ["\x00\x07heat\x1b[0m", "heat \ud800", "\udfffheat", "heat\u202e", "{answer}heat", "🔥heat"]
)
def test_any_characters_are_judged(tmp_path, odd):
    with serving(judges) as server, asking(server, tmp_path) as llm, VerdictFile(tmp_path) as cache:
        verdicts = ask(llm, HEAT._replace(answer=odd), Item(odd, odd + "!", "warm"), cache=cache)
    assert all(isinstance(verdict, Verdict) and verdict.reason for verdict in verdicts)
    assert [verdict.decided_by for verdict in verdicts] == ["model", "model"]
    assert len(server.seen) == 2


class VerdictFile:
    """A verdict cache in a folder, closed at the end of the block."""

    def __init__(self, folder):
        self.cache = VerdictCache(folder / "verdicts.sqlite")

    def __enter__(self):
        return self.cache

    def __exit__(self, *_):
        self.cache.close()


GARBAGE = {
    "HTML": Answer(body=b"<html>502</html>", headers={"Content-Type": "text/html"}),
    "no JSON": Answer(body=b'{"choices": [{"mess'),
    "no choices": Answer(body={"choices": []}),
    "a list": Answer(body=[1, 2]),
    "null": Answer(body=None),
    "binary": Answer(body=bytes(range(256)) * 50),
    "deep": Answer(body=b"[" * 100_000),
    "a number for a text": Answer(body={"choices": [{"text": 7}]}),
    "another encoding": Answer(body=b"{}", headers={"Content-Encoding": "gzip"}),
    "500": fails(500, "oops"),
    "400": fails(400, "no"),
    "too long": fails(400, "maximum context length"),
    "slow": Answer(body={}, hang=2.0),
    "hangs up": Answer(hang_up=True),
    "no verdict": says("I cannot say."),
    "empty": says(""),
    "many verdicts": says("Final Decision: Yes or Final Decision: No"),
    "surrogates": says("\ud800"),
    "a megabyte": says("Yes " * 250_000),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_invalid_response_is_undecided_and_not_cached(tmp_path, name):
    recovered = threading.Event()

    def behave(body):
        return judges(body) if recovered.is_set() else GARBAGE[name]

    with (
        serving(behave) as server,
        asking(server, tmp_path, retries=0, timeout=0.5 if name == "slow" else 60, cache=False) as llm,
        asking(server, tmp_path, retries=0, cache=False) as patient,
        VerdictFile(tmp_path) as cache,
    ):
        undecided, correct = ask(llm, HEAT, NUMBER, cache=cache)
        recovered.set()
        assert decided(ask(patient, HEAT, cache=cache)) == [(True, "model")]  # nothing was cached before
    assert (undecided.correct, undecided.confidence) == (None, None)
    assert undecided.decided_by in ("error", "model")
    assert undecided.reason
    assert correct.correct is True


def unreachable_url() -> str:
    """A URL on which no server listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def test_unreachable_server_is_the_reason_of_every_open_item(tmp_path):
    with asking(unreachable_url(), tmp_path) as llm:
        verifier = Verifier(llm, decoys=False)
        many = [HEAT._replace(answer=f"heat {n} of many") for n in range(40)]
        *undecided, correct = llm.run(verifier.verify_many([*many, NUMBER]))
        assert {(verdict.correct, verdict.decided_by) for verdict in undecided} == {(None, "error")}
        assert all("cannot reach" in verdict.reason for verdict in undecided)
        assert correct.correct is True


def test_unusable_server_is_the_reason_of_every_open_item(tmp_path):
    with serving(fails(401)) as server, asking(server, tmp_path, concurrency=2) as llm:
        verifier = Verifier(llm, decoys=False)
        many = [HEAT._replace(answer=f"heat {n} of many") for n in range(60)]
        verdicts = llm.run(verifier.verify_many(many))
    assert {(verdict.correct, verdict.decided_by) for verdict in verdicts} == {(None, "error")}
    assert all("requires an API key" in verdict.reason for verdict in verdicts)


def test_recovered_server_decides_again(tmp_path, monkeypatch):
    monkeypatch.setattr(endpoint, "REFUSED_SECONDS", 0.0)
    with serving(fails(401), judges) as server, asking(server, tmp_path) as llm:
        verifier = Verifier(llm, decoys=False)
        assert decided(llm.run(verifier.verify_many([HEAT]))) == [(None, "error")]
        assert decided(llm.run(verifier.verify_many([HEAT]))) == [(True, "model")]


@pytest.mark.parametrize("fault", [fails(401), fails(500), Answer(hang_up=True)])
def test_verify_raises_what_verify_or_explain_states_as_the_reason(tmp_path, fault):
    with serving(fault) as server, asking(server, tmp_path, retries=0) as llm:
        with pytest.raises((ServerUnusable, Unanswered)) as raised:
            llm.run(Verifier(llm, decoys=False).verify(HEAT))
        verdict = llm.run(Verifier(llm, decoys=False).verify_or_explain(HEAT))
    assert verdict == (None, "error", None, str(raised.value))


async def one_by_one(verifier: Verifier, items: list[Item]) -> list[Verdict]:
    return [await verifier.verify(item) for item in items]


@pytest.mark.parametrize("judge_them", [Verifier.verify_many, one_by_one])
def test_many_items_let_other_tasks_run(judge_them):
    items = [Item("", "5", f"{number}.0") for number in range(500)]

    async def count_turns() -> int:
        judging = asyncio.ensure_future(judge_them(Verifier(), items))
        turns = 0
        while not judging.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(count_turns()) >= 500


def test_extraction_is_judged_as_is():
    text = "2 + 2 and so the answer is 5"
    assert verify("", "5", text).correct is True
    assert verify("", "5", Extraction(text, "box")).correct is not True
    assert verify("", "5", Extraction("5.0", "box")).correct is True
    assert verify("", "5", Extraction(" ", "paper")).decided_by == "no answer"


def slowly(body) -> Answer:
    answer = judges(body)
    answer.hang = 0.15
    return answer


def test_budget_error_is_raised_and_leaves_no_tasks(tmp_path):
    prices = {"input_usd_per_million": 1.0, "output_usd_per_million": 1.0, "max_cost_usd": 0.01}
    too_expensive = HEAT._replace(question="Why? " * 10_000)
    with serving(slowly) as server, asking(server, tmp_path, **prices) as llm:

        async def spend():
            await Verifier(llm, decoys=False).verify(HEAT)  # opens the connection
            with pytest.raises(BudgetExceeded):
                await Verifier(llm, decoys=False).verify_many([COLD, too_expensive, NUMBER])
            return asyncio.all_tasks() - {asyncio.current_task()}

        assert llm.run(spend()) == set()
    assert len(server.seen) <= 2


def test_budget_error_ends_judge_all_and_leaves_no_tasks(tmp_path):
    prices = {"input_usd_per_million": 1.0, "output_usd_per_million": 1.0, "max_cost_usd": 0.01}
    too_expensive = HEAT._replace(question="Why? " * 10_000)
    with serving(slowly) as server, asking(server, tmp_path, **prices) as llm:

        async def spend():
            await Verifier(llm, decoys=False).verify(HEAT)  # opens the connection
            pairs = [Pair(number, item) for number, item in enumerate([COLD, too_expensive, NUMBER])]
            with pytest.raises(BudgetExceeded):
                await judge_all(Verifier(llm, decoys=False), pairs, 3, None)
            return asyncio.all_tasks() - {asyncio.current_task()}

        assert llm.run(spend()) == set()


def test_concurrent_equal_items_are_asked_once(tmp_path):
    spellings = ["heat", " heat. ", "**heat**", "\\text{heat}", "$heat$", "</think>heat", "he\u200bat"]
    with serving(slowly) as server, asking(server, tmp_path, cache=False) as llm:
        verifier = Verifier(llm, decoys=False)
        verdicts = llm.map(
            lambda answer: verifier.verify(HEAT._replace(answer=answer)), spellings * 3, lambda _: None
        )
    assert set(verdicts) == {Verdict(True, "model", None, "Final Decision: Yes")}
    assert len(server.seen) == 1


async def until_asked(server, times: int) -> None:
    while len(server.seen) < times:
        await asyncio.sleep(0.01)


def test_cancelling_the_first_caller_keeps_the_others(tmp_path):
    cancelled = threading.Event()

    def hold_all_but_the_first(body):
        if len(server.seen) > 1:
            cancelled.wait(60)
        return judges(body)

    with serving(hold_all_but_the_first) as server, asking(server, tmp_path, cache=False) as llm:
        verifier = Verifier(llm, decoys=False)

        async def cancel_the_first():
            await verifier.verify(COLD)  # opens the connection
            first = asyncio.create_task(verifier.verify(HEAT))
            others = [asyncio.create_task(verifier.verify(HEAT)) for _ in range(3)]
            await until_asked(server, 2)
            first.cancel()
            cancelled.set()
            return await asyncio.gather(first, *others, return_exceptions=True)

        first, *others = llm.run(cancel_the_first())
    assert isinstance(first, asyncio.CancelledError)
    assert decided(others) == [(True, "model")] * 3
    assert len(server.seen) == 3


def test_concurrent_callers_share_a_refusal(tmp_path):
    slow = fails(413, "oops")
    slow.hang = 0.1
    with (
        serving(but_answers_control(slow)) as server,
        asking(server, tmp_path, cache=False, retries=0) as llm,
    ):
        verdicts = ask(llm, *[HEAT] * 10)
    assert {verdict.reason for verdict in verdicts} == {"HTTP 413: oops"}
    assert len(server.seen) == 2  # with a control request


def test_cancellation_leaves_no_tasks(tmp_path):
    cancelled = threading.Event()

    def hold_all_but_the_first(body):
        if len(server.seen) > 1:
            cancelled.wait(60)
        return judges(body)

    with serving(hold_all_but_the_first) as server, asking(server, tmp_path) as llm:

        async def cancel_all():
            await Verifier(llm, decoys=False).verify(HEAT._replace(answer="hot"))  # opens the connection
            many = asyncio.create_task(Verifier(llm, decoys=False).verify_many([HEAT, COLD]))
            await until_asked(server, 3)
            many.cancel()
            await asyncio.gather(many, return_exceptions=True)
            return asyncio.all_tasks() - {asyncio.current_task()}

        assert llm.run(cancel_all()) == set()
        cancelled.set()
    assert len(server.seen) == 3


def test_verifier_works_from_several_threads_and_loops(tmp_path):
    with serving(slowly) as server, asking(server, tmp_path, cache=False) as llm:
        verifier, alone = Verifier(llm, decoys=False), Verifier()
        found: list[tuple[bool | None, str]] = []

        def on_the_model_loop() -> None:
            found.extend(decided(llm.run(verifier.verify_many([HEAT]))))

        def on_a_new_loop() -> None:
            found.extend(decided(asyncio.run(alone.verify_many([SYMBOLIC, SYMBOLIC]))))

        threads = [threading.Thread(target=run) for run in (on_the_model_loop, on_a_new_loop) * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Counter(found) == {(True, "model"): 3, (True, "math-verify"): 6}


def test_symbolic_mathematics_comes_before_the_model(tmp_path):
    with serving(judges) as server, asking(server, tmp_path) as llm:
        assert decided(ask(llm, SYMBOLIC)) == [(True, "math-verify")]
    assert server.seen == []
    assert verify(*SYMBOLIC[:3]).decided_by == "math-verify"


def test_symbolic_verdict_is_cached_for_every_model(tmp_path):
    with VerdictFile(tmp_path) as cache:
        with serving(judges) as server, asking(server, tmp_path, cache=False) as llm:
            (verdict,) = ask(llm, SYMBOLIC, cache=cache)
        assert cache.get(verdict_key([], SYMBOLIC)) == verdict
        cache.put(verdict_key([], SYMBOLIC), verdict._replace(reason="from the cache"))
        (again,) = asyncio.run(Verifier(cache=cache).verify_many([SYMBOLIC]))
    assert again.reason == "from the cache"


def test_cached_verdict_is_found_for_any_spelling(tmp_path):
    with serving(judges) as server, asking(server, tmp_path, cache=False) as llm:
        with VerdictFile(tmp_path) as cache:
            first = ask(llm, HEAT, COLD, SYMBOLIC, cache=cache)
        with VerdictFile(tmp_path) as cache:
            again = ask(llm, HEAT._replace(answer="  $heat$."), COLD, SYMBOLIC, cache=cache)
    assert first == again
    assert len(server.seen) == 2


def test_another_model_is_a_cache_miss(tmp_path):
    with serving(judges) as one, serving(lambda _: says("Final Decision: No")) as two:
        for server, correct in ((one, True), (two, False), (one, True)):
            with asking(server, tmp_path, cache=False) as llm, VerdictFile(tmp_path) as cache:
                assert ask(llm, HEAT, cache=cache)[0].correct is correct
    assert (len(one.seen), len(two.seen)) == (1, 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"temperature": 0.5},
        {"max_tokens": 64},
        {"top_p": 0.5},
        {"top_k": 5},
        {"min_p": 0.1},
        {"seed": 1},
        {"stop": ["x"]},
        {"extra_body": {"reasoning_effort": "high"}},
    ],
)
@pytest.mark.parametrize("role", ["verifier", "second_verifier"])
def test_another_parameter_of_a_verifier_is_a_cache_miss(tmp_path, changed, role):
    with serving(doubts) as server:
        both = {"verifier": {"max_tokens": 100}, "second_verifier": {"max_tokens": 100}}
        asked = []
        for own in ({}, changed, changed, {}):
            tables = both | {role: both[role] | own}
            llm = {"model": "m", "base_url": server.url, "cache": False, **tables}
            with open_verifier(load_settings(data=str(tmp_path), llm=llm)) as verifier:
                verifier.run(verifier.verify_many([HEAT]))
            asked.append(len(server.seen))
    assert asked == [2, 4, 4, 4]


def test_broken_cache_costs_no_verdicts(tmp_path, capsys):
    with serving(judges) as server, asking(server, tmp_path, cache=False) as llm:
        cache = VerdictCache(tmp_path / "verdicts.sqlite")
        cache.put("another", Verdict(True, "model", 1.0, ""))
        cache.close()
        assert decided(ask(llm, HEAT, COLD, cache=cache)) == [(True, "model"), (False, "model")]
    assert capsys.readouterr().err.count("verdicts are no longer cached") == 1


def test_settings_open_the_models_and_the_cache(tmp_path):
    doubtful = says("I cannot say.")
    with serving(doubtful) as first, serving(judges) as second:
        models = {
            "model": "m",
            "base_url": first.url,
            "max_cost_usd": 1.0,
            "input_usd_per_million": 0.0,
            "output_usd_per_million": 0.0,
            "second_verifier": {"base_url": second.url},
        }
        for _ in range(2):
            with open_verifier(load_settings(data=str(tmp_path), llm=models)) as verifier:
                assert verifier.llm is not None
                assert [model.server for model in verifier.models] == [first.url, second.url]
                verdicts = verifier.llm.run(verifier.verify_many([HEAT]))
                assert decided(verdicts) == [(True, "second model")]
    assert (len(first.seen), len(second.seen)) == (1, 2)  # the second yes is tested with a decoy


@pytest.mark.parametrize(
    ("models", "opened"),
    [({}, 0), ({"model": "local"}, 0), ({"verifier": {"model": "local"}}, 1), ({"model": "m"}, 1)],
)
def test_bundled_model_judges_only_if_it_is_named_as_the_verifier(tmp_path, monkeypatch, models, opened):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with open_verifier(load_settings(data=str(tmp_path), llm=models)) as verifier:
        assert len(verifier.models) == opened


def test_settings_can_disable_the_model_and_the_cache(tmp_path):
    settings = load_settings(data=str(tmp_path), verify={"model": False, "cache": False})
    with open_verifier(settings) as verifier:
        assert verifier.models == []
        assert decided(asyncio.run(verifier.verify_many([NUMBER, HEAT])))[1] == (None, "rules")
    assert list(tmp_path.iterdir()) == []
