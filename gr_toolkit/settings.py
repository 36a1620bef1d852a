"""One typed configuration for every stage: gr.toml < environment (GR_...) < command-line flags.

    settings = load_settings(config=None, crawl={"max_pages": 100})

An environment variable names its setting with double underscores: GR_LLM__MODEL, GR_CRAWL__MAX_PAGES.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Literal, cast

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gr_toolkit.errors import UsageError
from gr_toolkit.former_default import refuse_former_default
from gr_toolkit.settings_sources import Tree, merge, read_environment, read_toml, without_none

Role = Literal["extractor", "judge", "solver", "verifier", "second_verifier"]
Engine = Literal["local", "ray"]
DEFAULT_DATA = "gr-data"


def cores() -> int:
    """How many cores this process may use: inside a container or a taskset fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Section(BaseModel):
    """A table of gr.toml; an unknown key in it is an error."""

    model_config = ConfigDict(extra="forbid")


class CrawlSettings(Section):
    """How pages are fetched."""

    user_agent: str = Field("gr-toolkit/0.1", description="the crawler's name, as robots.txt calls it")
    contact: str = Field("", description="your address or web page, added to it for the sites' owners")
    obey_robots: bool = Field(True, description="do as robots.txt says")
    allow_private: bool = Field(False, description="fetch from this machine and its own network too")
    concurrency: int = Field(16, ge=1, description="requests under way at once")
    concurrency_per_host: int = Field(4, ge=1, description="of these, to one host")
    delay: float = Field(1.0, ge=0, description="seconds between two requests to one host, or more")
    timeout: float = Field(30.0, gt=0, description="seconds")
    retries: int = Field(2, ge=0, description="after a failed connection or a server error")
    max_wait: float = Field(120.0, ge=0, description="seconds to wait for a host that asks for patience")
    max_failures: int = Field(10, ge=1, description="in a row, after which a run leaves a host alone")
    max_bytes: int = Field(10_000_000, ge=1, description="a larger page is turned down")
    max_pages: int = Field(0, ge=0, description="0 means no limit")
    max_pages_per_host: int = Field(0, ge=0, description="likewise")
    max_depth: int = Field(8, ge=0, description="links followed from a source")
    allow: list[str] = Field(default_factory=list, description="regular expressions a URL must match")
    deny: list[str] = Field(default_factory=list, description="regular expressions a URL must not match")
    part: str = Field("", description="3/16: the third part of the hosts")
    refetch_after: str = Field("30d", description="age from which a page is asked for again")
    common_crawl_index: str = Field(
        "https://index.commoncrawl.org", description="the server that lists captures"
    )
    common_crawl_data: str = Field("https://data.commoncrawl.org", description="and the one that has them")
    javascript: list[str] = Field(default_factory=list, description="hosts whose pages a browser must make")
    shard_pages: int = Field(200, ge=1, description="pages after which a shard is written")
    shard_seconds: float = Field(30.0, gt=0, description="or seconds, whichever comes first")

    @field_validator("part")
    @classmethod
    def _is_part(cls, part: str) -> str:
        if not re.fullmatch(r"|[1-9]\d*/[1-9]\d*", part):
            raise ValueError("must be a number and how many there are, such as 3/16")
        return part

    @field_validator("refetch_after")
    @classmethod
    def _is_age(cls, age: str) -> str:
        if not re.fullmatch(r"never|\d+(\.\d+)?[smhdw]", age):
            raise ValueError("must be a number with s, m, h, d or w, such as 30d, or never")
        return age

    @property
    def introduction(self) -> str:
        """The User-Agent: the crawler's name and its contact."""
        return f"{self.user_agent} (+{self.contact})" if self.contact else self.user_agent


class RoleSettings(Section):
    """One role's overrides of [llm]; what is unset falls back on it."""

    model: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    backend: Literal["auto", "llama.cpp", "transformers"] | None = None
    concurrency: int | None = Field(None, ge=1)
    timeout: float | None = Field(None, gt=0)
    retries: int | None = Field(None, ge=0)
    temperature: float | None = Field(None, ge=0)
    max_tokens: int | None = Field(None, ge=1)
    context: int | None = Field(None, ge=256)
    input_usd_per_million: float | None = Field(None, ge=0)
    output_usd_per_million: float | None = Field(None, ge=0)


class LLMSettings(Section):
    """The language model that every role uses unless it has its own."""

    model: str = Field(
        "local", description='the server\'s name for it; "local" is SmolLM2, "local:PATH" another'
    )
    base_url: str = Field("", description="any OpenAI-compatible server; empty is OpenAI itself")
    api_key_env: str = Field("OPENAI_API_KEY", description="the environment variable that holds the key")
    backend: Literal["auto", "llama.cpp", "transformers"] = Field(
        "auto", description="what runs a local model"
    )
    concurrency: int = Field(16, ge=1, description="requests under way at once, at most")
    timeout: float = Field(120.0, gt=0, description="seconds for one request")
    retries: int = Field(5, ge=0, description="of a request that failed")
    temperature: float = Field(0.0, ge=0)
    max_tokens: int = Field(
        1024, ge=1, description="of one reply; an extractor's may have 128 for each question"
    )
    context: int = Field(8192, ge=256, description="tokens a request may hold, for models run here")
    input_usd_per_million: float | None = Field(None, ge=0, description="the price of prompt tokens")
    output_usd_per_million: float | None = Field(None, ge=0, description="the price of reply tokens")
    max_cost_usd: float | None = Field(None, ge=0, description="a hard limit for one run of one step")
    cache: bool = Field(True, description="keep replies, so that a second run costs nothing")
    extractor: RoleSettings = RoleSettings()
    judge: RoleSettings = RoleSettings()
    solver: RoleSettings = RoleSettings()
    verifier: RoleSettings = RoleSettings()
    second_verifier: RoleSettings = RoleSettings()

    @property
    def has_second_verifier(self) -> bool:
        """Whether doubtful verdicts are asked again: as soon as anything is set for that role."""
        return bool(self.second_verifier.model_dump(exclude_none=True))

    def for_role(self, role: Role | None) -> LLMSettings:
        """These settings with the role's own values in place of the shared ones."""
        if role is None:
            return self
        own: RoleSettings = getattr(self, role)
        shared = self.with_model(own.model) if own.model else self
        return shared.model_copy(update=own.model_dump(exclude_none=True))

    def with_model(self, model: str) -> LLMSettings:
        """These settings for a model, which has prices of its own if it is another one."""
        if model == self.model:
            return self
        return self.model_copy(
            update={"model": model, "input_usd_per_million": None, "output_usd_per_million": None}
        )


class CurateSettings(Section):
    """How questions are made from texts."""

    languages: list[str] = Field(default_factory=list, description="keep only these; empty keeps all")
    chunk_chars: int = Field(12_000, ge=200, description="the model reads a long text in parts of this size")
    pairs_per_chunk: int = Field(10, ge=1, description="questions taken from one part at most")
    max_answer_chars: int = Field(200, ge=1)
    similarity: float = Field(0.7, gt=0, le=1, description="MinHash Jaccard from which two questions are one")
    benchmarks: list[str] = Field(
        default_factory=list, description="JSONL files whose questions must not leak, beside the bundled one"
    )
    overlap: float = Field(0.6, gt=0, le=1, description="share of a benchmark item's n-grams that is a leak")
    samples: int = Field(8, ge=1, description="solutions sampled of each question")
    min_pass_rate: float = Field(0.0, ge=0, le=1, description="questions at or below are turned down")
    max_pass_rate: float = Field(1.0, ge=0, le=1, description="questions at or above are turned down")
    any_pass_rate: bool = Field(False, description="keep questions whatever their pass rate")
    test_share: float = Field(0.02, ge=0, le=1, description="share of the questions in the test split")


class VerifySettings(Section):
    """Who decides whether an answer is right."""

    model: bool = Field(True, description="ask the verifier model where the rules abstain")
    cache: bool = Field(True, description="keep verdicts, so that none is looked for twice")


class TrainSettings(Section):
    """GRPO; the paper's values are in docs/train.md."""

    prompts_per_step: int = Field(4, ge=1)
    group: int = Field(4, ge=2, description="completions sampled of each prompt")
    learning_rate: float = Field(1e-6, gt=0)
    beta: float = Field(0.0, ge=0, description="weight of the KL term")
    epsilon: float = Field(0.2, gt=0)
    temperature: float = Field(1.0, gt=0)
    max_prompt_tokens: int = Field(1024, ge=1)
    max_completion_tokens: int = Field(1024, ge=1)
    save_every: int = Field(20, ge=1)
    seed: int = 0


class EvalSettings(Section):
    """How a model is scored."""

    samples: int = Field(1, ge=1)
    temperature: float = Field(0.0, ge=0)
    max_tokens: int = Field(2048, ge=1)


class Settings(Section):
    """Everything a run can be told. Sections are the tables of gr.toml."""

    data: str = Field(DEFAULT_DATA, description="folder or URL of the tables")
    workers: int = Field(default_factory=cores, ge=1, description="processes")
    engine: Engine = Field("local", description="or ray")
    instruction: str = Field(
        "Please reason step by step, and put your final answer within \\boxed{}.",
        description="follows every question that a model is to solve: attempts, training, scoring",
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
        """One folder has one name: its locks and its state hang on it."""
        if not data.strip():
            raise ValueError("must name a folder, or a URL such as s3://bucket/run")
        protocol, separator, path = data.rpartition("://")
        if separator and protocol != "file":
            return f"{protocol}://{path.rstrip('/')}"
        return str(Path(os.path.expanduser(path)))

    @property
    def state(self) -> Path:
        """The local folder for what is not a table: crawl frontier, response cache, locks, run log."""
        if "://" not in self.data:
            return Path(self.data) / ".state"
        return Path(platformdirs.user_state_dir("gr")) / self.data.replace("://", "_").replace("/", "_")


def load_settings(config: Path | None = None, **flags: object) -> Settings:
    """Merge gr.toml (or `config`), the environment and the flags; None in a flag means not given.

    Raises UsageError that names the bad key or value, where it stands and the nearest known key.
    """
    path = config or _default_config()
    merged: Tree = {}
    for source, tree in (
        (str(path), read_toml(path) if path else {}),
        ("the environment", read_environment(os.environ, names_in(Settings))),
        ("the command line", without_none(flags)),
    ):
        merged = merge(merged, tree)
        try:
            settings = Settings.model_validate(merged)
        except ValidationError as error:
            raise UsageError(_explain(error, source)) from error
    if "data" not in merged:
        refuse_former_default(DEFAULT_DATA)
    return settings


def names_in(section: type[BaseModel], prefix: str = "") -> list[str]:
    """The full names of the settings in a section and in those below it, such as llm.judge.model."""
    names = []
    for name, field in section.model_fields.items():
        names.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += names_in(field.annotation, f"{prefix}{name}.")
    return names


def _default_config() -> Path | None:
    """GR_CONFIG, or ./gr.toml if there is one."""
    if (named := os.environ.get("GR_CONFIG")) is not None:
        if not named.strip():
            raise UsageError("the environment: GR_CONFIG is empty; it must name a configuration file")
        return Path(named)
    return Path("gr.toml") if Path("gr.toml").is_file() else None


def _explain(error: ValidationError, source: str) -> str:
    """The first thing pydantic found wrong, as one line a person can act on."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        ours, of_pydantic = first["msg"].partition("Value error, ")[2], first["msg"].lower()
        return f"{source}: {where} = {first['input']!r}: {ours or of_pydantic}"
    section: type[BaseModel] = Settings
    for part in first["loc"][:-1]:
        section = cast(type[BaseModel], section.model_fields[str(part)].annotation)
    known = difflib.get_close_matches(str(first["loc"][-1]), section.model_fields, n=1, cutoff=0.4)
    hint = f"did you mean {known[0]}?" if known else f"known are: {', '.join(section.model_fields)}"
    return f"{source}: unknown setting {where}; {hint}"
