from __future__ import annotations

import asyncio
import pickle
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from settings import load_settings
from train.reward import Reward, paper_reward, text_of


@pytest.mark.parametrize(
    ("correct", "answer", "answer_tokens", "reference_tokens", "reward"),
    [
        (False, None, 0, 3, -0.5),
        (None, None, 0, 3, -0.5),
        (False, "", 0, 3, -0.5),
        (None, "7", 1, 1, None),
        (False, "7", 1, 1, 0.0),
        (False, "7", 1, 99, 0.0),
        (True, "7", 1, 1, 1.0),
        (True, "7", 2, 1, 0.95),
        (True, "7", 1, 2, 0.95),
        (True, "7", 10, 1, 0.55),
        (True, "7", 11, 1, 0.5),
        (True, "7", 12, 1, 0.5),
        (True, "7", 5000, 1, 0.5),
    ],
)
def test_the_papers_table(correct, answer, answer_tokens, reference_tokens, reward):
    assert paper_reward(correct, answer, answer_tokens, reference_tokens) == (
        None if reward is None else pytest.approx(reward)
    )


def ask(reward: Reward, completions: list, **more: object) -> list[float | None]:
    """Reward completions to one question whose answer is 2."""
    count = len(completions)
    columns = {"id": ["q"] * count, "question": ["1 plus 1 is \\boxed{9} ?"] * count, "answer": ["2"] * count}
    ids = [[5, 6, 7]] * count
    return asyncio.run(
        reward(prompts=[""] * count, completions=completions, completion_ids=ids, **columns, **more)
    )


def rules_only(tiny_model: str, folder: Path, **llm: object) -> Reward:
    settings = load_settings(data=str(folder / "data"), llm=llm, verify={"model": bool(llm)})
    return Reward(settings, tiny_model, folder / "samples")


def test_pays_for_the_answer_in_the_completion_alone(tiny_model, tmp_path):
    reward = rules_only(tiny_model, tmp_path)
    completions = [
        "so \\boxed{2}",
        "so \\boxed{3}",
        "nothing",
        [{"role": "assistant", "content": "\\boxed{2}"}],
    ]
    assert ask(reward, completions) == [1.0, 0.0, -0.5, 1.0]


def test_a_longer_answer_earns_less(tiny_model, tmp_path):
    assert ask(rules_only(tiny_model, tmp_path), ["so \\boxed{2 / 1}"]) == [pytest.approx(0.9)]


def test_writes_every_completion_and_logs_shares(tiny_model, tmp_path):
    logged: dict[str, float] = {}
    state = SimpleNamespace(global_step=3)
    ask(
        rules_only(tiny_model, tmp_path),
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


def test_a_verifier_that_cannot_be_reached_gives_no_reward_and_no_exception(tiny_model, tmp_path, capsys):
    nobody = {"model": "judge", "base_url": "http://127.0.0.1:9/v1", "retries": 0}
    reward = rules_only(tiny_model, tmp_path, **nobody)
    assert ask(reward, ["\\boxed{x = 2}"]) == [None]
    assert "no verdict" in capsys.readouterr().err
    reward.close()


def test_can_be_sent_to_another_process_and_works_without_a_trainer(tiny_model, tmp_path):
    reward = pickle.loads(pickle.dumps(rules_only(tiny_model, tmp_path)))
    assert reward.__name__ == "paper"
    assert ask(reward, ["\\boxed{2}"]) == [1.0]
    assert not (tmp_path / "samples").exists()


def test_text_of_a_completion():
    assert text_of("plain") == text_of([{"role": "assistant", "content": "plain"}]) == "plain"
