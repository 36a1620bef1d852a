"""Talking to language models: any OpenAI-compatible server, or a model that runs here.

    with connect(settings.llm, "judge", settings.state) as llm:
        reply = llm.run(llm.ask(prompt.messages(question="..."), schema=Judgement))

Names are imported on first use, so that `gr --help` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm.client import LLM
    from llm.connection import connect
    from llm.huggingface import huggingface_folder
    from llm.messages import Message, Reply
    from llm.prompts import Prompt, load_prompt
    from llm.usage import Budget, Usage

__all__ = [
    "LLM",
    "Budget",
    "Message",
    "Prompt",
    "Reply",
    "Usage",
    "connect",
    "huggingface_folder",
    "load_prompt",
]

_HOMES = {
    "LLM": "client",
    "Budget": "usage",
    "Message": "messages",
    "Prompt": "prompts",
    "Reply": "messages",
    "Usage": "usage",
    "connect": "connection",
    "huggingface_folder": "huggingface",
    "load_prompt": "prompts",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'llm' has no attribute {name!r}")
    value: object = getattr(import_module(f"llm.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
