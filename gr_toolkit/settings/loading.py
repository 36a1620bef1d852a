"""Loads the settings: gr.toml, the environment and the command line's flags.

An environment variable separates section and setting by two underscores: GR_LLM__MODEL, GR_CRAWL__MAX_PAGES.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from gr_toolkit.errors import UsageError
from gr_toolkit.settings.former_default import refuse_former_default
from gr_toolkit.settings.sections import DEFAULT_DATA, Settings
from gr_toolkit.settings.sources import (
    Tree,
    explain,
    merge,
    names_in,
    read_environment,
    read_toml,
    without_none,
)


def load_settings(config: Path | None = None, **flags: object) -> Settings:
    """Merge gr.toml (or `config`), the environment and the flags. A flag that is None counts as not given.

    Raises UsageError if a key or value is invalid. The message names its source and the nearest known key.
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
            raise UsageError(explain(error, source, Settings)) from error
    if "data" not in merged:
        refuse_former_default(DEFAULT_DATA)
    return settings


def _default_config() -> Path | None:
    """The file named by GR_CONFIG, else ./gr.toml if it exists, else None."""
    if (named := os.environ.get("GR_CONFIG")) is not None:
        if not named.strip():
            raise UsageError("the environment: GR_CONFIG is empty; it must name a configuration file")
        return Path(named)
    return Path("gr.toml") if Path("gr.toml").is_file() else None
