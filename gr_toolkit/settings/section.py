"""The base class of all settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator

LARGEST = 2**31 - 1  # what a C int, a column of 32 bits and SQLite all hold; as seconds, it is 68 years


class Section(BaseModel):
    """A table of gr.toml. An unknown key is an error, and so is a number that is not finite or too large."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _is_small_enough(cls, value: object) -> object:
        if isinstance(value, int | float) and abs(value) > LARGEST:
            raise ValueError(f"must be at most {LARGEST}")
        return value
