"""Batched sampling from a Hugging Face causal LM, every request by its own parameters and seed."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MOST_IN_BATCH = 16
GATHER_SECONDS = 0.02  # how long the first request waits for company


@dataclass(frozen=True)
class Generated:
    """What the model wrote."""

    text: str
    finish_reason: str  # stop | length
    tokens: int


@dataclass(frozen=True)
class Job:
    """One request: the prompt's token ids and how to sample."""

    prompt: list[int]
    max_tokens: int
    temperature: float
    seed: int | None
    stop: Sequence[str] = ()
    result: Future[Generated] = field(default_factory=Future)


class Sample(LogitsProcessor):
    """Makes greedy decoding sample: the largest of logits / temperature + Gumbel noise is a draw from
    their softmax (Gumbel, 1954). So each row has its own temperature and its own random numbers.
    """

    def __init__(self, jobs: Sequence[Job], device: torch.device) -> None:
        self.temperatures = [job.temperature for job in jobs]
        self.generators = [torch.Generator(device) for _ in jobs]
        for job, generator in zip(jobs, self.generators, strict=True):
            generator.seed() if job.seed is None else generator.manual_seed(job.seed)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Noisy scores of shape (rows, vocabulary)."""
        drawn = scores.float()
        for row, (temperature, generator) in enumerate(zip(self.temperatures, self.generators, strict=True)):
            if temperature > 0:
                uniform = torch.rand(drawn.shape[1], generator=generator, device=drawn.device)
                drawn[row] = drawn[row] / temperature - torch.log(-torch.log(uniform.clamp_min(1e-20)))
        return drawn


class Enough(StoppingCriteria):
    """Ends each row at its own number of tokens, and all rows when the server closes."""

    def __init__(self, jobs: Sequence[Job], prompt_tokens: int, closing: threading.Event) -> None:
        self.ends = torch.tensor([prompt_tokens + job.max_tokens for job in jobs])
        self.closing = closing

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: object) -> torch.Tensor:
        """True for the rows that are done."""
        done = (input_ids.shape[1] >= self.ends) | self.closing.is_set()
        return done.to(input_ids.device)


class Generator:
    """A thread that gathers the waiting jobs and generates for them together."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self._waiting: queue.Queue[Job] = queue.Queue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> Generated:
        """Wait for the job's turn and its result."""
        self._waiting.put(job)
        return job.result.result()

    def close(self) -> None:
        """Stop; jobs in flight end with what they have."""
        self._closing.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._closing.is_set():
            jobs = self._gather()
            if not jobs:
                continue
            try:
                for job, generated in zip(jobs, self._generate(jobs), strict=True):
                    job.result.set_result(generated)
            except Exception as error:  # the thread must outlive any failure; the requests report it
                for job in jobs:
                    if not job.result.done():
                        job.result.set_exception(error)

    def _gather(self) -> list[Job]:
        try:
            jobs = [self._waiting.get(timeout=0.2)]
        except queue.Empty:
            return []
        time.sleep(GATHER_SECONDS)
        while len(jobs) < MOST_IN_BATCH and not self._waiting.empty():
            jobs.append(self._waiting.get())
        return jobs

    @torch.inference_mode()
    def _generate(self, jobs: list[Job]) -> list[Generated]:
        """One batch, padded on the left to its longest prompt."""
        padded = self.tokenizer.pad(
            {"input_ids": [job.prompt for job in jobs]}, padding_side="left", return_tensors="pt"
        ).to(self.model.device)
        width = padded["input_ids"].shape[1]
        ends = self.model.generation_config.eos_token_id
        config = GenerationConfig(  # type: ignore[no-untyped-call]
            do_sample=False,
            repetition_penalty=1.0,
            max_new_tokens=max(job.max_tokens for job in jobs),
            pad_token_id=self.tokenizer.pad_token_id,
            eos_token_id=ends,
        )
        output = self.model.generate(  # type: ignore[operator]
            **padded,
            generation_config=config,
            logits_processor=LogitsProcessorList([Sample(jobs, self.model.device)]),
            stopping_criteria=StoppingCriteriaList([Enough(jobs, width, self._closing)]),
        )
        stops = set(ends if isinstance(ends, list) else [ends])
        return [self._read(job, row[width:].tolist(), stops) for job, row in zip(jobs, output, strict=True)]

    def _read(self, job: Job, tokens: list[int], ends: set[int]) -> Generated:
        """The row up to its end token, its limit or its first stop text."""
        tokens = tokens[: job.max_tokens]
        length = next((at for at, token in enumerate(tokens) if token in ends), None)
        text = str(self.tokenizer.decode(tokens[:length], skip_special_tokens=True))
        cuts = [at for stop in job.stop if (at := text.find(stop)) >= 0]
        finished = length is not None or bool(cuts)
        return Generated(
            text=text[: min(cuts)] if cuts else text,
            finish_reason="stop" if finished else "length",
            tokens=len(tokens) if length is None else length + 1,
        )
