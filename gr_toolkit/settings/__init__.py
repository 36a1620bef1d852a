"""The typed settings of every stage. Flags override the environment (GR_...), which overrides gr.toml.

settings = load_settings(config=None, crawl={"max_pages": 100})
"""

from gr_toolkit.settings.loading import load_settings
from gr_toolkit.settings.models import LLMSettings, Role, RoleSettings
from gr_toolkit.settings.sections import (
    CrawlSettings,
    CurateSettings,
    EvalSettings,
    Settings,
    TrainSettings,
    VerifySettings,
    cores,
)

__all__ = [
    "CrawlSettings",
    "CurateSettings",
    "EvalSettings",
    "LLMSettings",
    "Role",
    "RoleSettings",
    "Settings",
    "TrainSettings",
    "VerifySettings",
    "cores",
    "load_settings",
]
