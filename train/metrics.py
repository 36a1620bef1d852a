"""Reports a run's steps while it trains: in metrics.jsonl, and as lines or a progress bar on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from gr_toolkit.console import Advance, say
from gr_toolkit.errors import GrError
from gr_toolkit.files import write_whole

# Our name of each metric, and TRL's name.
METRICS = {
    "step": "step",
    "reward": "reward",  # mean over the completions
    "reward_std": "reward_std",  # mean over the groups
    "equal_groups": "frac_reward_zero_std",  # share of groups with equal rewards: no learning signal
    "answered": "answered",  # this and the next three are shares of the completions, see reward.py
    "correct": "correct",
    "undecided": "undecided",
    "failed": "failed",
    "loss": "loss",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "kl": "kl",  # only with train.beta > 0
    "entropy": "entropy",
    "mean_tokens": "completions/mean_length",
    "max_tokens": "completions/max_length",
    "cut_off": "completions/clipped_ratio",  # share that reached max_completion_tokens
    "seconds": "step_time",
}
# The verifier counts as down if it fails on too many completions in several steps in a row.
FAILED_SHARE = 0.2  # of a step's completions; above it, the step counts as failed
FAILED_STEPS = 3  # in a row


class RunLog(TrainerCallback):
    """Writes a line of metrics per step, and ends the training if the verifier is down."""

    def __init__(self, path: Path, advance: Advance) -> None:
        """`advance` moves the progress bar."""
        self.path = path
        self.advance = advance
        self.failed_steps = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Rewrite the file with the steps up to the checkpoint, because training repeats the later steps."""
        lines = [metrics_line(entry) for entry in state.log_history if is_step(entry)]
        write_whole(self.path, "".join(lines).encode())
        self.advance(state.global_step)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Append the step that TRL logged. Raises GrError if the verifier is down."""
        entry = state.log_history[-1]
        if not is_step(entry):
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.write(metrics_line(entry))
        self.advance(1)
        if not sys.stderr.isatty():
            say(describe(entry, state.max_steps))
        self.failed_steps = self.failed_steps + 1 if entry["failed"] > FAILED_SHARE else 0
        if self.failed_steps == FAILED_STEPS:
            raise GrError(
                f"the verifier failed in {FAILED_STEPS} steps in a row, so rewards are missing. Check it "
                "with `gr llm ping`, or set verify.model = false; then run the same command again to resume"
            )


def is_step(entry: Mapping[str, float]) -> bool:
    """Whether an entry of the log history is a step rather than the trainer's final summary."""
    return "reward" in entry


def metrics_line(entry: Mapping[str, float]) -> str:
    """The entry as a line of JSON with our names of the metrics. NaN and infinity become null."""
    values = {name: entry[key] for name, key in METRICS.items() if key in entry}
    return json.dumps({name: value if _is_number(value) else None for name, value in values.items()}) + "\n"


def describe(entry: Mapping[str, float], steps: int) -> str:
    """One line per step, such as `step 3/12  reward 0.130  answered 44%  correct 19%  31 tokens  8.7 s`."""
    reward = entry["reward"]
    return (
        f"step {entry['step']}/{steps}  reward {reward if reward is None else format(reward, '.3f')}  "
        f"answered {entry['answered']:.0%}  correct {entry['correct']:.0%}  "
        f"{entry['completions/mean_length']:.0f} tokens  {entry['step_time']:.1f} s"
    )


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
