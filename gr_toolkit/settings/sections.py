"""The typed settings of every stage: each class is a table of gr.toml."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import Annotated, Literal, Self

import platformdirs
from pydantic import AfterValidator, Field, field_validator, model_validator

from gr_toolkit.settings.models import LLMSettings
from gr_toolkit.settings.section import Section

Engine = Literal["local", "ray"]
DEFAULT_DATA = "gr-data"
MAX_WORKERS = 4096


def _is_regex(pattern: str) -> str:
    try:
        with warnings.catch_warnings(action="ignore"):  # Python announces syntax that it will change
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return pattern


Regex = Annotated[str, AfterValidator(_is_regex)]


def _is_header(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


Header = Annotated[str, AfterValidator(_is_header)]


def cores() -> int:
    """The number of cores available to this process, which a container or taskset may limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class CrawlSettings(Section):
    """How pages are fetched."""

    user_agent: Header = Field(
        "gr-toolkit/0.1", min_length=1, description="the crawler's name, in requests and in robots.txt"
    )
    contact: Header = Field("", description="your e-mail address or web page, added to the User-Agent")
    obey_robots: bool = Field(True, description="obey robots.txt")
    allow_private: bool = Field(False, description="also fetch from this machine and its private network")
    concurrency: int = Field(16, ge=1, description="maximum requests in flight, over all hosts")
    concurrency_per_host: int = Field(4, ge=1, description="maximum requests in flight to one host")
    delay: float = Field(
        1.0, ge=0, description="mean seconds between two requests to a host; more if it is slow"
    )
    timeout: float = Field(30.0, gt=0, description="seconds per request")
    retries: int = Field(2, ge=0, description="retries of a failed request")
    max_wait: float = Field(
        120.0, ge=0, description="longest Retry-After or Crawl-delay that is obeyed, seconds"
    )
    max_failures: int = Field(10, ge=1, description="consecutive failures after which a run skips a host")
    max_bytes: int = Field(10_000_000, ge=1, description="bytes; larger pages are rejected")
    max_pages: int = Field(0, ge=0, description="maximum pages per run; 0: no limit")
    max_pages_per_host: int = Field(0, ge=0, description="maximum pages per run and host; 0: no limit")
    max_depth: int = Field(8, ge=0, description="maximum number of links followed from a source")
    allow: list[Regex] = Field(default_factory=list, description="found URLs must match one of these regexes")
    deny: list[Regex] = Field(default_factory=list, description="found URLs must match none of these regexes")
    part: str = Field("", description="crawl only a part of the hosts: 3/16 is part 3 of 16")
    refetch_after: str = Field("30d", description="fetch a page again after this time; or never")
    common_crawl_index: str = Field("https://index.commoncrawl.org", description="Common Crawl's index")
    common_crawl_data: str = Field("https://data.commoncrawl.org", description="Common Crawl's WARC files")
    javascript: list[str] = Field(default_factory=list, description="hosts whose pages a browser renders")
    shard_pages: int = Field(200, ge=1, description="maximum pages per shard")
    shard_seconds: float = Field(30.0, gt=0, description="a smaller shard is written after this many seconds")

    @field_validator("part")
    @classmethod
    def _is_part(cls, part: str) -> str:
        if part:
            if not re.fullmatch(r"[1-9][0-9]{0,8}/[1-9][0-9]{0,8}", part):
                raise ValueError("must be a part and the number of parts, such as 3/16")
            number, count = map(int, part.split("/"))
            if number > count:
                raise ValueError(f"does not exist; the last of {count} parts is {count}/{count}")
        return part

    @field_validator("refetch_after")
    @classmethod
    def _is_age(cls, age: str) -> str:
        if not re.fullmatch(r"never|[0-9]{1,9}(\.[0-9]{1,9})?[smhdw]", age):
            raise ValueError("must be a number of up to 9 digits and s, m, h, d or w, such as 30d, or never")
        return age

    @property
    def introduction(self) -> str:
        """The User-Agent header: the crawler's name and its contact."""
        return f"{self.user_agent} (+{self.contact})" if self.contact else self.user_agent


class CurateSettings(Section):
    """How questions are made from texts."""

    languages: list[str] = Field(default_factory=list, description="ISO 639-1 codes to keep; empty keeps all")
    chunk_chars: int = Field(12_000, ge=200, description="longer texts are split into parts of this size")
    pairs_per_chunk: int = Field(10, ge=1, description="maximum questions per part")
    max_answer_chars: int = Field(200, ge=1, description="answers with more characters are rejected")
    similarity: float = Field(
        0.7, gt=0, le=1, description="MinHash Jaccard similarity at which two questions are duplicates"
    )
    benchmarks: list[str] = Field(
        default_factory=list,
        description=".jsonl or .parquet files of questions to keep out, in addition to the bundled benchmark",
    )
    overlap: float = Field(
        0.6, gt=0, le=1, description="share of a benchmark item's n-grams at which a question is a leak"
    )
    samples: int = Field(8, ge=1, description="solutions sampled per question")
    min_pass_rate: float = Field(0.0, ge=0, le=1, description="questions with this rate or less are rejected")
    max_pass_rate: float = Field(1.0, ge=0, le=1, description="questions with this rate or more are rejected")
    any_pass_rate: bool = Field(False, description="keep questions whatever their pass rate")
    test_share: float = Field(0.02, ge=0, le=1, description="share of the questions for the test split")

    @model_validator(mode="after")
    def _keeps_some(self) -> Self:
        """Refuse settings that reject every question, whatever its attempts."""
        low, high = self.min_pass_rate, self.max_pass_rate
        if low >= high and not self.any_pass_rate:
            raise ValueError(
                f"min_pass_rate = {low} is not below max_pass_rate = {high}, so no question would be kept"
            )
        if self.samples == 1 and not self.any_pass_rate:
            raise ValueError(
                "with samples = 1 every question is never or always solved, so none would be kept; "
                "take more samples, or set any_pass_rate = true"
            )
        return self


class VerifySettings(Section):
    """How answers are verified."""

    model: bool = Field(True, description="ask the verifier model if the rules cannot decide")
    cache: bool = Field(True, description="cache verdicts")
    decoy: bool = Field(True, description="test each yes of the model with another reference")


class TrainSettings(Section):
    """GRPO; the paper's values are in docs/train.md."""

    prompts_per_step: int = Field(4, ge=1, description="questions per optimizer step")
    group: int = Field(4, ge=2, description="completions sampled per question")
    learning_rate: float = Field(1e-6, gt=0)
    beta: float = Field(0.0, ge=0, description="weight of the KL term")
    epsilon: float = Field(0.2, gt=0, description="clipping range of the probability ratio")
    temperature: float = Field(1.0, gt=0, description="sampling temperature")
    max_prompt_tokens: int = Field(1024, ge=1, description="questions with a longer prompt are excluded")
    max_completion_tokens: int = Field(1024, ge=1, description="longer completions are cut off")
    save_every: int = Field(20, ge=1, description="steps between two checkpoints")
    seed: int = 0


class EvalSettings(Section):
    """How a model is scored."""

    samples: int = Field(1, ge=1, description="completions per question")
    temperature: float = Field(0.0, ge=0, description="sampling temperature")
    max_tokens: int = Field(2048, ge=1, description="maximum tokens per completion")


class Settings(Section):
    """All settings of a run. Sections are the tables of gr.toml."""

    data: str = Field(DEFAULT_DATA, description="folder or URL of the tables")
    workers: int = Field(default_factory=cores, ge=1, le=MAX_WORKERS, description="worker processes")
    engine: Engine = Field("local", description="where to process shards: local or ray")
    instruction: str = Field(
        "Please reason step by step, and put your final answer within \\boxed{}.",
        description="appended to every question that a model is to solve: in attempts, training, evaluation",
    )
    crawl: CrawlSettings = CrawlSettings()
    llm: LLMSettings = LLMSettings()
    curate: CurateSettings = CurateSettings()
    verify: VerifySettings = VerifySettings()
    train: TrainSettings = TrainSettings()
    eval: EvalSettings = EvalSettings()

    @field_validator("data")
    @classmethod
    def _one_spelling(cls, data: str) -> str:
        """Normalise the folder's name, because locks and state depend on it."""
        if not data.strip():
            raise ValueError("must be a folder, or a URL such as s3://bucket/run")
        protocol, separator, path = data.rpartition("://")
        if protocol == "memory":
            raise ValueError(
                "keeps nothing after the command; give a folder, or a URL such as s3://bucket/run"
            )
        if separator and protocol != "file":
            return f"{protocol}://{path.rstrip('/')}"
        return str(Path(os.path.expanduser(path)))

    @property
    def verifier_model(self) -> str | None:
        """The model that judges what the rules leave undecided; None if the rules judge alone.

        SmolLM2, the bundled model, is too small to judge: it counts only if `[llm.verifier]` names it.
        """
        model = self.llm.for_role("verifier").model
        is_named = "model" in self.llm.verifier.model_fields_set
        return model if self.verify.model and (is_named or model != "local") else None

    @property
    def state(self) -> Path:
        """The local folder for everything except tables: crawl frontier, caches, locks, run log."""
        if "://" not in self.data:
            return Path(self.data) / ".state"
        return Path(platformdirs.user_state_dir("gr")) / self.data.replace("://", "_").replace("/", "_")
