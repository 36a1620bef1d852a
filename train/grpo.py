"""`gr train grpo`: trains a model on the verified questions with TRL's GRPO (arXiv 2402.03300)."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from importlib import metadata
from importlib.util import find_spec

from gr_toolkit.console import Summary, progress
from gr_toolkit.errors import MissingExtra, UsageError
from gr_toolkit.llm import huggingface_folder
from gr_toolkit.llm.local.weights import require_weights
from gr_toolkit.llm.requests.body import parameters
from gr_toolkit.llm.required import require_verifier
from gr_toolkit.llm.usage import metered
from gr_toolkit.settings import Role, Settings
from gr_toolkit.settings.section import LARGEST
from gr_toolkit.store import Store
from gr_toolkit.store.questions import Question
from train.data import fingerprint, in_training_order, train_questions, with_prompts
from train.run import Metrics, Run, Tree

PACKAGES = ("torch", "transformers", "trl", "datasets")


def train_grpo(settings: Settings, model: str, name: str, steps: int, summaries: list[Summary]) -> None:
    """Train `model` up to optimizer step `steps` in the run `name`, from its last checkpoint if it has any.

    Appends to `summaries`, also if the training ends early. Raises Locked, MissingExtra, ModelError and
    CannotWrite, GrError if there are no questions, and UsageError if the run was started with other values.
    """
    started = time.monotonic()
    run = _prepare(settings, model, name, steps)
    questions = train_questions(Store(settings.data, settings.state))
    summary = Summary(step="train grpo", rows_in=len(questions))
    with run.writing():
        run.check(deciding(settings, model, questions), steps)
        summaries.append(summary)
        try:
            if run.trained_steps() < steps:
                _train(settings, model, questions, run, steps, summary)
            else:
                summary.notes.append(_nothing_to_do(run))
            summary.notes.append(f"the model is in {run.final}")
        finally:
            summary.seconds = time.monotonic() - started


def plan_grpo(settings: Settings, model: str, name: str, steps: int) -> Summary:
    """Describe what train_grpo would do. Raises GrError, UsageError and MissingExtra like train_grpo."""
    run = _prepare(settings, model, name, steps)
    questions = train_questions(Store(settings.data, settings.state))
    run.check(deciding(settings, model, questions), steps)
    batch = f"{settings.train.prompts_per_step} prompts x {settings.train.group} completions"
    plan = (
        f"would train {model} on {len(questions)} questions, from step {run.reached()} to step {steps} "
        f"of {batch} each, in {run.folder}"
    )
    note = plan if run.trained_steps() < steps else _nothing_to_do(run)
    return Summary(step="train grpo", rows_in=len(questions), notes=[note])


def _prepare(settings: Settings, model: str, name: str, steps: int) -> Run:
    """The run, if it can begin. Raises UsageError and MissingExtra before anything is written."""
    run = Run(settings, name)
    if steps > LARGEST:
        raise UsageError(f"--steps {steps}: must be at most {LARGEST}")
    for folder in (run.folder, run.folder.parent):
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"--run {name}: {folder} is a file, and not a folder of runs; rename it")
    _require_packages()
    try:
        require_weights(model)
    except UsageError as error:
        raise UsageError(f"--model: {error}") from error
    require_verifier(settings)
    return run


def deciding(settings: Settings, model: str, questions: Sequence[Question]) -> Tree:
    """The values that determine a run's result. They must not change when the run is resumed."""
    verifiers: list[Role] = ["verifier"] if settings.verifier_model else []
    if verifiers and settings.llm.has_second_verifier:
        verifiers.append("second_verifier")
    asked = {role: settings.llm.for_role(role) for role in verifiers}
    return {
        "model": model,
        "verifier": settings.verifier_model or "rules",
        "verdicts": {role: {"model": own.model, **parameters(own)} for role, own in asked.items()},
        "instruction": settings.instruction,
        "train": settings.train.model_dump(exclude={"save_every"}),
        "dataset": {"questions": len(questions), "fingerprint": fingerprint(questions)},
    }


def _nothing_to_do(run: Run) -> str:
    return f"nothing to do: {run.trained_steps()} steps are done"


def _train(
    settings: Settings, model: str, questions: Sequence[Question], run: Run, steps: int, summary: Summary
) -> None:
    """Load the model and the data, then write config.json and train. A failed load leaves no config.json."""
    from train.reward import Reward
    from train.trainer import load_policy, load_tokenizer, run_trainer

    folder = huggingface_folder(model, settings.state)
    tokenizer = load_tokenizer(folder)
    rows = with_prompts(questions, settings.instruction, tokenizer, settings.train.max_prompt_tokens)
    order = in_training_order(rows, steps * settings.train.prompts_per_step, settings.train.seed)
    policy = load_policy(folder)
    with closing(Reward(settings, folder, run.samples)) as reward:
        meters = [model.usage for model in reward.verifier.models]
        run.start(
            deciding(settings, model, questions),
            {"settings": settings.model_dump(mode="json"), "versions": _versions()},
        )
        try:
            # Without a terminal, RunLog prints a line per step instead of a progress bar.
            with (
                metered(summary, meters),
                progress(summary.step, steps if sys.stderr.isatty() else 0) as advance,
            ):
                run_trainer(settings.train, policy, tokenizer, reward, order, run, steps, advance)
        finally:
            _count(summary, reward.outcomes, reward.first)
    summary.notes += _notes(run.read_metrics(), dropped=len(questions) - len(rows))


def _count(summary: Summary, outcomes: Counter[str], first: Mapping[str, str]) -> None:
    """Count completions as rows, and correct completions as kept rows."""
    summary.rows, summary.kept = outcomes.total(), outcomes["correct"]
    summary.reasons = outcomes - Counter(correct=summary.kept)
    summary.first = {reason: first[reason] for reason in summary.reasons}


def _notes(metrics: Sequence[Metrics], dropped: int) -> list[str]:
    """Notes for the summary: the trends of reward and accuracy, and the number of skipped questions."""
    judged = [step for step in metrics if step["reward"] is not None]
    span = min(10, (len(judged) + 3) // 4)
    notes = [
        f"{name} {mean(judged[:span], name):.3f} -> {mean(judged[-span:], name):.3f} "
        f"(mean of the first and of the last {span} steps)"
        for name in ("reward", "answered", "correct")
        if judged
    ]
    if dropped:
        notes.append(f"{dropped} questions skipped: their prompt is longer than train.max_prompt_tokens")
    if not any(step["correct"] for step in metrics):
        notes.append("no answer was correct in any step: the questions are too hard for this model")
    return notes


def mean(steps: Sequence[Metrics], name: str) -> float:
    """The mean of a metric over the steps that recorded it."""
    values = [value for step in steps if (value := step[name]) is not None]
    return sum(values) / len(values)


def _require_packages() -> None:
    if not all(find_spec(package) for package in PACKAGES):
        raise MissingExtra("gr train", "pip install 'gr-toolkit[train]' (for GPUs see README, Installing)")


def _versions() -> dict[str, str]:
    return {package: metadata.version(package) for package in PACKAGES}
