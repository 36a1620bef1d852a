"""Batched sampling from a Hugging Face causal LM; each request has its own parameters and seed."""

from __future__ import annotations

import asyncio
import math
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

MAX_BATCH = 16  # requests
GATHER_SECONDS = 0.02  # how long the first request of a batch waits for others


class SampledToken(NamedTuple):
    """The id of a sampled token, its log-probability, and the most likely tokens at its position."""

    token: int
    logprob: float
    top_logprobs: dict[int, float]  # log-probability by token id


@dataclass(frozen=True)
class Generated:
    """A finished generation."""

    text: str
    finish_reason: str  # stop | length
    tokens: int  # sampled, including the end token and tokens cut off at a stop string
    sampled: Sequence[SampledToken] = ()  # the tokens of the text, if log-probabilities were requested


@dataclass(frozen=True)
class Job:
    """One request: the prompt's token ids and the sampling parameters."""

    prompt: list[int]
    max_tokens: int
    temperature: float
    seed: int | None
    top_k: int = 0  # sample from this number of tokens; 0 or less: from all
    top_p: float = 1.0  # sample from the likeliest tokens that have this share of the probability together
    min_p: float = 0.0  # least probability of a token, as a share of the likeliest token's
    stop: Sequence[str] = ()
    top_logprobs: int | None = None  # most likely tokens reported per position; None: no log-probabilities
    result: Future[Generated] = field(default_factory=Future)


class Sample(LogitsProcessor):
    """Turns greedy decoding into sampling: the argmax of logits / temperature + Gumbel noise is a draw from
    the softmax of logits / temperature (Gumbel, 1954). So each row can have its own temperature and seed.
    """

    def __init__(self, jobs: Sequence[Job], device: torch.device) -> None:
        self.jobs = jobs
        # One list per job; it stays empty unless the job requests log-probabilities.
        self.sampled: list[list[SampledToken]] = [[] for _ in jobs]
        self.generators = [torch.Generator(device) for _ in jobs]
        for job, generator in zip(jobs, self.generators, strict=True):
            generator.seed() if job.seed is None else generator.manual_seed(job.seed)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return the scores with noise added; both have the shape (rows, vocabulary)."""
        noisy = scores.float()
        for row, (job, generator) in enumerate(zip(self.jobs, self.generators, strict=True)):
            logprobs = None if job.top_logprobs is None else torch.log_softmax(noisy[row], 0)
            if job.temperature > 0:
                uniform = torch.rand(noisy.shape[1], generator=generator, device=noisy.device)
                noise = -torch.log(-torch.log(uniform.clamp_min(1e-20)))
                noisy[row] = without_unlikely(noisy[row] / job.temperature, job) + noise
            if logprobs is not None:
                self.sampled[row].append(
                    _sampled_token(int(noisy[row].argmax()), logprobs, job.top_logprobs or 0)
                )
        return noisy


def without_unlikely(logits: torch.Tensor, job: Job) -> torch.Tensor:
    """Return one row of logits, minus infinity where the job's top_k, top_p or min_p exclude the token.

    They apply in this order, as in transformers. The likeliest token always stays.
    """
    left = logits.clone()
    if 0 < job.top_k < len(left):
        left[left < left.topk(job.top_k).values[-1]] = -math.inf
    if job.top_p < 1:
        shares, tokens = torch.softmax(left, 0).sort(descending=True)
        before = shares.cumsum(0) - shares  # the shares of all likelier tokens together
        left[tokens[1:][before[1:] >= job.top_p]] = -math.inf
    if job.min_p > 0:
        left[left < left.max() + math.log(job.min_p)] = -math.inf
    return left


def _sampled_token(token: int, logprobs: torch.Tensor, top_logprobs: int) -> SampledToken:
    values, tokens = logprobs.topk(min(top_logprobs, len(logprobs)))
    return SampledToken(
        token, float(logprobs[token]), dict(zip(tokens.tolist(), values.tolist(), strict=True))
    )


class TokenLimits(StoppingCriteria):
    """Stops each row at its own token limit, and all rows when the server closes."""

    def __init__(self, jobs: Sequence[Job], prompt_tokens: int, closing: threading.Event) -> None:
        self.ends = torch.tensor([prompt_tokens + job.max_tokens for job in jobs])
        self.closing = closing

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: object) -> torch.Tensor:
        """Return one boolean per row: whether the row is done."""
        done = (input_ids.shape[1] >= self.ends) | self.closing.is_set()
        return done.to(input_ids.device)


class Generator:
    """A thread that collects waiting jobs into batches and generates their text."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self._waiting: queue.Queue[Job] = queue.Queue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    async def generate(self, job: Job) -> Generated:
        """Queue the job and return its result when its batch is done."""
        self._waiting.put(job)
        return await asyncio.wrap_future(job.result)

    def close(self) -> None:
        """Stop the thread. Running jobs end with the text generated so far; waiting jobs are cancelled."""
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
            except Exception as error:  # the thread must survive any failure; the jobs report it
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
        """Generate one batch, padded on the left to its longest prompt."""
        padded = self.tokenizer.pad(
            {"input_ids": [job.prompt for job in jobs]}, padding_side="left", return_tensors="pt"
        ).to(self.model.device)
        width = padded["input_ids"].shape[1]
        ends = self.model.generation_config.eos_token_id
        config = GenerationConfig(
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
            stopping_criteria=StoppingCriteriaList([TokenLimits(jobs, width, self._closing)]),
        )
        stops = set(ends if isinstance(ends, list) else [ends])
        return [
            self._read(job, row[width:].tolist(), sampled, stops)
            for job, row, sampled in zip(jobs, output, sample.sampled, strict=True)
        ]

    def _read(self, job: Job, tokens: list[int], sampled: list[SampledToken], ends: set[int]) -> Generated:
        """Decode a row up to its end token, its token limit or its first stop string."""
        tokens = tokens[: job.max_tokens]
        length = next((at for at, token in enumerate(tokens) if token in ends), None)
        written = tokens[:length]
        text = self._text(written)
        cuts = [at for stop in job.stop if (at := text.find(stop)) >= 0]
        if cuts:
            text = text[: min(cuts)]
        if cuts and sampled:
            counts = range(1, len(written) + 1)
            written = written[: bisect_right(counts, len(text), key=lambda n: len(self._text(written[:n])))]
        return Generated(
            text=text,
            finish_reason="length" if length is None and not cuts else "stop",
            tokens=len(tokens) if length is None else length + 1,
            sampled=sampled[: len(written)],
        )

    def _text(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True))
