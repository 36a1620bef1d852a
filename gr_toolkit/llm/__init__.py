"""Clients for language models: any OpenAI-compatible server, or a model on this machine.

    with connect(settings.llm, "judge", settings.state) as llm:
        reply = llm.run(llm.ask(prompt.messages(question="..."), schema=Judgement))

Names are imported on first use, so that `gr --help` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gr_toolkit.lazy import lazy_names

if TYPE_CHECKING:
    from gr_toolkit.llm.client import LLM
    from gr_toolkit.llm.connection import connect
    from gr_toolkit.llm.local.huggingface import huggingface_folder
    from gr_toolkit.llm.messages import Message, Reply
    from gr_toolkit.llm.prompts import Prompt, load_prompt
    from gr_toolkit.llm.unfinished import kept_until_written
    from gr_toolkit.llm.usage import Usage

__all__ = [
    "LLM",
    "Message",
    "Prompt",
    "Reply",
    "Usage",
    "connect",
    "huggingface_folder",
    "kept_until_written",
    "load_prompt",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "LLM": "client",
        "Message": "messages",
        "Prompt": "prompts",
        "Reply": "messages",
        "Usage": "usage",
        "connect": "connection",
        "huggingface_folder": "local.huggingface",
        "kept_until_written": "unfinished",
        "load_prompt": "prompts",
    },
)
