"""The base class of all settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of gr.toml. An unknown key is an error."""

    model_config = ConfigDict(extra="forbid")
