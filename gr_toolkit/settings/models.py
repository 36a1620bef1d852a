"""The settings of language models: the table [llm], and one table per role."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from gr_toolkit.settings.section import Section

Role = Literal["extractor", "judge", "solver", "verifier", "second_verifier"]


class ModelSettings(Section):
    """A language model, its server, and how requests are sent."""

    model: str = Field(
        "local",
        description='a name on the server, "local" (SmolLM2), or "local:" plus a file, folder or Hub id',
    )
    base_url: str = Field("", description="an OpenAI-compatible server; empty: $OPENAI_BASE_URL or OpenAI")
    api_key_env: str = Field("OPENAI_API_KEY", description="the environment variable that holds the API key")
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
    context: int = Field(8192, ge=256, description="context window of a local model, tokens")
    input_usd_per_million: float | None = Field(None, ge=0, description="price of a million prompt tokens")
    output_usd_per_million: float | None = Field(None, ge=0, description="price of a million reply tokens")


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

    max_cost_usd: float | None = Field(None, ge=0, description="hard limit of the cost of one run of a step")
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
        """These settings with the role's overrides. Another model does not inherit the prices."""
        if role is None:
            return self
        own: RoleSettings = getattr(self, role)
        shared = self.with_model(own.model) if "model" in own.model_fields_set else self
        return shared.model_copy(update=own.model_dump())

    def with_model(self, model: str) -> LLMSettings:
        """These settings with another model. Prices are kept only if the model is the same."""
        if model == self.model:
            return self
        return self.model_copy(
            update={"model": model, "input_usd_per_million": None, "output_usd_per_million": None}
        )
