"""The reward function: rewards, samples, metrics, and a verifier that fails or hangs."""

from __future__ import annotations

import asyncio
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from gr_toolkit.errors import BudgetExceeded, UsageError
from gr_toolkit.settings import load_settings
from loopback import Answer, serving
from train.reward import Reward


def ask(reward: Reward, completions: list, **more: object) -> list[float | None]:
    """The rewards of completions of one question whose answer is 2."""
    count = len(completions)
    columns = {"id": ["q"] * count, "question": ["1 plus 1 is \\boxed{9} ?"] * count, "answer": ["2"] * count}
    ids = [[5, 6, 7]] * count
    return asyncio.run(
        reward(prompts=[""] * count, completions=completions, completion_ids=ids, **columns, **more)
    )


def reward_of(tiny_model: str, folder: Path, **llm: object) -> Reward:
    """A Reward that uses only the rules, unless `llm` names a model."""
    settings = load_settings(data=str(folder / "data"), llm=llm, verify={"model": bool(llm)})
    return Reward(settings, tiny_model, folder / "samples")


@pytest.mark.slow
def test_reward_depends_only_on_the_answer_in_the_completion(tiny_model, tmp_path):
    reward = reward_of(tiny_model, tmp_path)
    completions = [
        "so \\boxed{2}",
        "so \\boxed{3}",
        "nothing",
        [{"role": "assistant", "content": "\\boxed{2}"}],
    ]
    assert ask(reward, completions) == [1.0, 0.0, -0.5, 1.0]
    # The content of a box is the answer; no second answer is extracted from it.
    assert ask(reward, ["\\boxed{1 + 3 and so the answer is 2}"])[0] in (0.0, None)


@pytest.mark.slow
def test_template_that_opens_a_thought(tiny_model, tmp_path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = "{% for turn in messages %}{{ turn.content }}{% endfor %}<think>\n"
    tokenizer.save_pretrained(tmp_path / "thinker")
    reward = reward_of(str(tmp_path / "thinker"), tmp_path)
    thought = "It is \\boxed{2}"
    assert ask(reward, [thought, f"{thought}</think>\\boxed{{2}}"]) == [-0.5, 1.0]


@pytest.mark.slow
def test_longer_answer_gets_a_smaller_reward(tiny_model, tmp_path):
    assert ask(reward_of(tiny_model, tmp_path), ["so \\boxed{2 / 1}"]) == [pytest.approx(0.9)]


@pytest.mark.slow
def test_reward_writes_every_completion_and_logs_shares(tiny_model, tmp_path):
    logged: dict[str, float] = {}
    state = SimpleNamespace(global_step=3)
    ask(
        reward_of(tiny_model, tmp_path),
        ["\\boxed{2}", "\\boxed{3}", "nothing", "nothing"],
        trainer_state=state,
        log_metric=logged.__setitem__,
    )
    assert logged == {"answered": 0.5, "correct": 0.25, "undecided": 0.0, "failed": 0.0}
    rows = pq.read_table(tmp_path / "samples" / "step-000004.parquet").to_pylist()
    assert [row["reward"] for row in rows] == [1.0, 0.0, -0.5, -0.5]
    assert rows[0] == {
        "step": 4,
        "id": "q",
        "question": "1 plus 1 is \\boxed{9} ?",
        "completion": "\\boxed{2}",
        "answer": "2",
        "reference": "2",
        "correct": True,
        "decided_by": rows[0]["decided_by"],
        "reward": 1.0,
        "tokens": 3,
    }
    assert rows[2]["answer"] is None


UNREACHABLE = {"model": "judge", "base_url": "http://127.0.0.1:9/v1", "retries": 0, "patience": 0}


@pytest.mark.slow
def test_rules_still_judge_if_the_verifier_is_unreachable(tiny_model, tmp_path, capsys):
    logged: dict[str, float] = {}
    with closing(reward_of(tiny_model, tmp_path, **UNREACHABLE)) as reward:
        completions = ["\\boxed{2}", "\\boxed{3}", "\\boxed{a couple}", "nothing"]
        assert ask(reward, completions, log_metric=logged.__setitem__) == [1.0, 0.0, None, -0.5]
    assert logged == {"answered": 0.75, "correct": 0.25, "undecided": 0.25, "failed": 0.25}
    assert reward.outcomes == {"correct": 1, "wrong": 1, "failed": 1, "no answer": 1}
    assert reward.first == dict.fromkeys(reward.outcomes, "q")
    assert "reward: 1 of 4 completions have none: cannot reach" in capsys.readouterr().err


@pytest.mark.slow
def test_error_that_later_steps_cannot_recover_from_is_raised(tiny_model, tmp_path):
    with pytest.raises(UsageError, match=r"llm\.base_url"):
        ask(reward_of(tiny_model, tmp_path, model="judge", base_url="localhost"), ["\\boxed{2}"])
    prices = {"input_usd_per_million": 1.0, "output_usd_per_million": 1.0, "max_cost_usd": 0.0}
    with (
        closing(reward_of(tiny_model, tmp_path, **UNREACHABLE, **prices)) as reward,
        pytest.raises(BudgetExceeded),
    ):
        ask(reward, ["\\boxed{a couple}"])


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_close_cancels_a_hanging_verification(tiny_model, tmp_path):
    released = Event()

    def hang(_: object) -> Answer:
        released.wait(100)
        return Answer(hang_up=True)

    with serving(hang) as server, ThreadPoolExecutor() as pool:
        reward = reward_of(
            tiny_model, tmp_path, model="m", base_url=server.url, timeout=3600.0, retries=0, patience=0
        )
        waiting = pool.submit(ask, reward, ["\\boxed{a couple}"])
        while not server.seen:
            time.sleep(0.01)
        try:
            reward.close()
            with pytest.raises(asyncio.CancelledError):
                waiting.result()
        finally:
            released.set()


@pytest.mark.slow
def test_reward_can_be_pickled_and_called_without_a_trainer(tiny_model, tmp_path):
    reward = pickle.loads(pickle.dumps(reward_of(tiny_model, tmp_path)))
    assert reward.__name__ == "paper"
    assert ask(reward, ["\\boxed{2}"]) == [1.0]
    assert not (tmp_path / "samples").exists()
