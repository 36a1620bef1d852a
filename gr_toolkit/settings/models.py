"""The settings of language models: the table [llm], and one table per role."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, SerializerFunctionWrapHandler, field_validator, model_serializer

from gr_toolkit.settings.credentials import exposure, field_with_key, is_server, variable_problem
from gr_toolkit.settings.section import Section

Role = Literal["extractor", "judge", "solver", "verifier", "second_verifier"]

# Defaults that a role has instead of the values of [llm]. Only the role's own table overrides them.
ROLE_DEFAULTS: dict[Role, dict[str, object]] = {
    "solver": {"temperature": 1.0},  # a pass rate needs samples that differ
    "verifier": {"temperature": 0.0, "max_tokens": 2048},
    "second_verifier": {"temperature": 0.0, "max_tokens": 2048},
}
# Fields of a request that `extra_body` must not hold: those of settings, and those that gr sets itself.
OF_SETTINGS = ("temperature", "max_tokens", "top_p", "top_k", "min_p", "stop", "seed")
OF_GR = ("model", "messages", "prompt", "stream", "n", "response_format", "logprobs", "top_logprobs")


class ModelSettings(Section):
    """A language model, its server, and how requests are sent."""

    model: str = Field(
        "local",
        description='a name on the server, "local" (SmolLM2), or "local:" plus a file, folder or Hub id',
    )
    base_url: str = Field("", description="an OpenAI-compatible server; empty: $OPENAI_BASE_URL or OpenAI")
    api_key_env: str = Field(
        "",
        description="the environment variable of the API key; empty: $OPENAI_API_KEY, for the default server",
    )
    backend: Literal["auto", "llama.cpp", "transformers"] = Field(
        "auto", description="the library that runs a local model"
    )
    concurrency: int = Field(16, ge=1, description="maximum requests in flight")
    timeout: float = Field(120.0, gt=0, description="seconds per request")
    retries: int = Field(5, ge=0, description="retries of a failed request")
    temperature: float = Field(0.0, ge=0, description="sampling temperature")
    max_tokens: int = Field(
        1024, ge=1, description="maximum per reply; the extractor's is at least 128 per requested question"
    )
    system: str = Field("", description="system prompt of chat requests, before the step's own")
    top_p: float | None = Field(None, gt=0, le=1, description="sample from this share of the probability")
    top_k: int | None = Field(None, ge=-1, description="sample from this number of tokens")
    min_p: float | None = Field(
        None, ge=0, le=1, description="least probability of a token, as a share of the likeliest token's"
    )
    stop: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, description="texts that end a reply"
    )
    seed: int | None = Field(None, ge=0, description="random seed; sample N of a question uses this plus N")
    extra_body: dict[str, JsonValue] = Field(
        default_factory=dict, description='further fields of a request: { reasoning_effort = "low" }'
    )
    context: int = Field(8192, ge=256, description="context window of a local model, tokens")
    input_usd_per_million: float | None = Field(None, ge=0, description="price of a million prompt tokens")
    output_usd_per_million: float | None = Field(None, ge=0, description="price of a million reply tokens")

    @field_validator("model")
    @classmethod
    def _has_name(cls, model: str) -> str:
        if not model.strip():
            raise ValueError("must name a model")
        return model

    @field_validator("base_url")
    @classmethod
    def _is_a_server(cls, base_url: str) -> str:
        if problem := exposure(base_url):
            raise ValueError(problem)
        if base_url and not is_server(base_url):
            raise ValueError("must be a URL such as http://localhost:8000/v1")
        return base_url

    @field_validator("api_key_env")
    @classmethod
    def _is_a_variable(cls, api_key_env: str) -> str:
        if api_key_env and (problem := variable_problem(api_key_env)):
            raise ValueError(problem)
        return api_key_env

    @field_validator("extra_body")
    @classmethod
    def _overrides_nothing(cls, extra_body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        for name in extra_body:
            if name in OF_SETTINGS:
                raise ValueError(f"must not hold {name}, which is a setting of its own")
            if name in OF_GR:
                raise ValueError(f"must not hold {name}, which gr sets itself")
        if (field := field_with_key(extra_body)) is not None:
            raise ValueError(f"must not hold a key, as {field} does; set api_key_env for the server's key")
        return extra_body


class RoleSettings(ModelSettings):
    """One role's overrides of [llm]. Read it through `LLMSettings.for_role`.

    An attribute that is not given holds the default of its class, and not the value of [llm].
    """

    @model_serializer(mode="wrap")
    def _only_given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        values: dict[str, object] = serialize(self)
        return {name: value for name, value in values.items() if name in self.model_fields_set}


class LLMSettings(ModelSettings):
    """The settings of [llm]. They apply to every role that does not override them."""

    max_cost_usd: float | None = Field(None, ge=0, description="hard limit of the costs of budget_period")
    budget_period: Literal["day", "run"] = Field(
        "day", description="what max_cost_usd limits: all runs of a calendar day, or every single run"
    )
    cache: bool = Field(True, description="cache replies, so that a second run costs nothing")
    patience: float = Field(
        600.0, ge=0, description="seconds to wait for a server that is down; 0: end the run at once"
    )
    give_up_after: int = Field(
        3, ge=1, description="failures of a row, while the server answers others, after which it is settled"
    )
    grace: float = Field(
        8.0, ge=0, description="seconds that requests in flight have after Ctrl-C or SIGTERM"
    )
    extractor: RoleSettings = RoleSettings()
    judge: RoleSettings = RoleSettings()
    solver: RoleSettings = RoleSettings()
    verifier: RoleSettings = RoleSettings()
    second_verifier: RoleSettings = RoleSettings()

    @property
    def has_second_verifier(self) -> bool:
        """Whether doubtful verdicts go to a second verifier: true if any of its settings is given."""
        return bool(self.second_verifier.model_fields_set)

    def for_role(self, role: Role | None) -> LLMSettings:
        """These settings with the role's own defaults and overrides.

        A value of the role's table counts first, then the role's default, then the value of [llm]. Another
        model does not inherit the prices, and a server of its own does not inherit the API key.
        """
        if role is None:
            return self
        own: RoleSettings = getattr(self, role)
        shared = self.with_model(own.model) if "model" in own.model_fields_set else self
        own_key: dict[str, object] = {"api_key_env": ""} if "base_url" in own.model_fields_set else {}
        return shared.model_copy(update=ROLE_DEFAULTS.get(role, {}) | own_key | own.model_dump())

    def name_of(self, setting: str, role: Role | None) -> str:
        """The full name of the setting whose value counts for the role: llm.judge.model or llm.model."""
        is_own = role is not None and setting in getattr(self, role).model_fields_set
        return f"llm.{role}.{setting}" if is_own else f"llm.{setting}"

    def with_model(self, model: str) -> LLMSettings:
        """These settings with another model. Prices are kept only if the model is the same."""
        if model == self.model:
            return self
        return self.model_copy(
            update={"model": model, "input_usd_per_million": None, "output_usd_per_million": None}
        )
