"""Runs TRL's GRPOTrainer with our settings. Importing this module imports torch."""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback
from transformers.utils import logging as hub_logging
from trl.trainer.grpo_config import GRPOConfig
from trl.trainer.grpo_trainer import GRPOTrainer

from gr_toolkit.console import Advance
from gr_toolkit.errors import CannotWrite, GrError, ModelError
from gr_toolkit.runs.redaction import redact
from gr_toolkit.settings import TrainSettings
from train.metrics import RunLog
from train.reward import Reward
from train.run import Run

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FULL_BELOW = 16 * 2**20  # bytes of free space; with less, a disk counts as full
MAX_AT_ONCE = 8  # completions in one forward and backward pass on one device


def load_tokenizer(model: str) -> PreTrainedTokenizerBase:
    """Load the policy's tokenizer. Its end-of-text token becomes the token that ends a chat turn.

    Base models such as Qwen2.5 declare another token, and would continue after the end of the turn. Raises
    ModelError if the tokenizer cannot be loaded.
    """
    with _failing_as_model_error(model):
        tokenizer = AutoTokenizer.from_pretrained(model)
    if tokenizer.chat_template:
        turns = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "ANSWER"}]
        end = str(tokenizer.apply_chat_template(turns, tokenize=False)).rpartition("ANSWER")[2].strip()
        if end in tokenizer.all_special_tokens:
            tokenizer.eos_token = end
    return tokenizer


def load_policy(model: str) -> PreTrainedModel:
    """The policy in float32, on the GPUs that torch sees. Raises ModelError if it cannot be loaded."""
    quieten()
    devices = "auto" if torch.cuda.is_available() else None
    with _failing_as_model_error(model):
        policy: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            model, dtype=torch.float32, device_map=devices
        )
    return policy


@contextmanager
def _failing_as_model_error(model: str) -> Iterator[None]:
    """Turn errors about missing or broken files, downloads and unknown architectures into ModelError."""
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        why = redact(" ".join(str(error).split()))[:300]
        raise ModelError(f"transformers cannot load {model}: {why}") from error


def batch(completions: int) -> tuple[int, int]:
    """(completions per pass, passes per optimizer step); their product is `completions`."""
    at_once = max(size for size in range(1, MAX_AT_ONCE + 1) if completions % size == 0)
    return at_once, completions // at_once


def grpo_config(settings: TrainSettings, folder: Path, steps: int) -> GRPOConfig:
    """TRL's configuration of the run in `folder`. Values not given here are TRL's defaults.

    Each optimizer step generates its own completions, so training resumes exactly from any checkpoint. If
    several steps shared completions, it could not resume between them, because TRL does not save completions.
    """
    gpu = torch.cuda.is_available()
    at_once, passes = batch(settings.prompts_per_step * settings.group)
    return GRPOConfig(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=passes,
        num_generations=settings.group,
        shuffle_dataset=False,  # see data.in_training_order
        learning_rate=settings.learning_rate,
        lr_scheduler_type="constant",
        beta=settings.beta,
        epsilon=settings.epsilon,
        temperature=settings.temperature,
        max_completion_length=settings.max_completion_tokens,
        seed=settings.seed,
        save_steps=settings.save_every,
        save_total_limit=1,
        use_cpu=not gpu,
        bf16=gpu,
        gradient_checkpointing=gpu,
        logging_steps=1,
        report_to=[],
        disable_tqdm=True,
        log_level="error",
    )


def run_trainer(
    settings: TrainSettings,
    policy: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    reward: Reward,
    dataset: Dataset,
    run: Run,
    steps: int,
    advance: Advance,
) -> None:
    """Train from the last complete checkpoint up to `steps`, then publish the model.

    Raises CannotWrite if the disk is full, GrError if the verifier is down, and the errors of `reward`.
    """
    with disk_full_explained(run.folder):
        trainer = GRPOTrainer(
            model=policy,
            args=grpo_config(settings, run.folder, steps),
            reward_funcs=reward,  # type: ignore[arg-type]  # TRL accepts coroutines; its annotation does not
            train_dataset=dataset,
            processing_class=tokenizer,
            callbacks=[RunLog(run.metrics, advance)],
        )
        trainer.remove_callback(PrinterCallback)  # it prints to stdout
        checkpoint = run.checkpoint()
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        run.publish(steps, lambda folder: trainer.save_model(str(folder)))


def quieten() -> None:
    """Silence the libraries' progress bars and deprecation warnings, and TRL's printed rows."""
    hub_logging.disable_progress_bar()
    logging.getLogger("trl").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|trl")


@contextmanager
def disk_full_explained(folder: Path) -> Iterator[None]:
    """Turn the errors that torch and safetensors raise on a full disk into CannotWrite."""
    try:
        yield
    except GrError:
        raise
    except Exception as error:
        # safetensors reports a full disk and removes its file; torch reports other errors and keeps its file.
        if "No space left" not in str(error) and shutil.disk_usage(folder).free > FULL_BELOW:
            raise
        raise CannotWrite(
            f"no space left for {folder}: a checkpoint takes 12 bytes per parameter, and the last checkpoint "
            "is kept until the next is complete. Free some space, then run the same command again to resume"
        ) from error
