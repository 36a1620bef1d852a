"""Batched sampling from a Hugging Face causal LM, every request by its own parameters and seed."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

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

MAX_BATCH = 16
GATHER_SECONDS = 0.02  # how long the first request waits for company


class Drawn(NamedTuple):
    """A token that was drawn, its log-probability, and those of the likeliest in its place."""

    token: int
    logprob: float
    likeliest: dict[int, float]


@dataclass(frozen=True)
class Generated:
    """What the model wrote."""

    text: str
    finish_reason: str  # stop | length
    tokens: int
    drawn: Sequence[Drawn] = ()  # the tokens of the text, where their log-probabilities were asked for


@dataclass(frozen=True)
class Job:
    """One request: the prompt's token ids and how to sample."""

    prompt: list[int]
    max_tokens: int
    temperature: float
    seed: int | None
    stop: Sequence[str] = ()
    likeliest: int | None = None  # so many log-probabilities for each token, beside its own
    result: Future[Generated] = field(default_factory=Future)


class Sample(LogitsProcessor):
    """Makes greedy decoding sample: the largest of logits / temperature + Gumbel noise is a draw from
    their softmax (Gumbel, 1954). So each row has its own temperature and its own random numbers.
    """

    def __init__(self, jobs: Sequence[Job], device: torch.device) -> None:
        self.jobs = jobs
        self.drawn: list[list[Drawn]] = [[] for _ in jobs]  # of the jobs that ask for log-probabilities
        self.generators = [torch.Generator(device) for _ in jobs]
        for job, generator in zip(jobs, self.generators, strict=True):
            generator.seed() if job.seed is None else generator.manual_seed(job.seed)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Noisy scores of shape (rows, vocabulary)."""
        noisy = scores.float()
        for row, (job, generator) in enumerate(zip(self.jobs, self.generators, strict=True)):
            logprobs = None if job.likeliest is None else torch.log_softmax(noisy[row], 0)
            if job.temperature > 0:
                uniform = torch.rand(noisy.shape[1], generator=generator, device=noisy.device)
                noisy[row] = noisy[row] / job.temperature - torch.log(-torch.log(uniform.clamp_min(1e-20)))
            if logprobs is not None:
                self.drawn[row].append(_drawn(int(noisy[row].argmax()), logprobs, job.likeliest or 0))
        return noisy


def _drawn(token: int, logprobs: torch.Tensor, likeliest: int) -> Drawn:
    values, tokens = logprobs.topk(min(likeliest, len(logprobs)))
    return Drawn(token, float(logprobs[token]), dict(zip(tokens.tolist(), values.tolist(), strict=True)))


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

    async def generate(self, job: Job) -> Generated:
        """What the model writes for the job, once its batch is done."""
        self._waiting.put(job)
        return await asyncio.wrap_future(job.result)

    def close(self) -> None:
        """Stop; jobs in flight end with what they have, and those that wait are cancelled."""
        self._closing.set()
        self._thread.join()
        while not self._waiting.empty():
            self._waiting.get().result.cancel()

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
        while len(jobs) < MAX_BATCH and not self._waiting.empty():
            jobs.append(self._waiting.get())
        return [job for job in jobs if job.result.set_running_or_notify_cancel()]

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
        sample = Sample(jobs, self.model.device)
        output = self.model.generate(  # type: ignore[operator]
            **padded,
            generation_config=config,
            logits_processor=LogitsProcessorList([sample]),
            stopping_criteria=StoppingCriteriaList([Enough(jobs, width, self._closing)]),
        )
        stops = set(ends if isinstance(ends, list) else [ends])
        return [
            self._read(job, row[width:].tolist(), drawn, stops)
            for job, row, drawn in zip(jobs, output, sample.drawn, strict=True)
        ]

    def _read(self, job: Job, tokens: list[int], drawn: list[Drawn], ends: set[int]) -> Generated:
        """The row up to its end token, its limit or its first stop text."""
        tokens = tokens[: job.max_tokens]
        length = next((at for at, token in enumerate(tokens) if token in ends), None)
        written = tokens[:length]
        text = self._text(written)
        cuts = [at for stop in job.stop if (at := text.find(stop)) >= 0]
        if cuts:
            text = text[: min(cuts)]
        if cuts and drawn:
            counts = range(1, len(written) + 1)
            written = written[: bisect_right(counts, len(text), key=lambda n: len(self._text(written[:n])))]
        return Generated(
            text=text,
            finish_reason="length" if length is None and not cuts else "stop",
            tokens=len(tokens) if length is None else length + 1,
            drawn=drawn[: len(written)],
        )

    def _text(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True))
