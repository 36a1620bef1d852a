"""Reads prompts from versioned Markdown files. Each row records the version of the prompt that produced it.

    ---
    version: 1
    ---
    ## system
    You extract questions.
    ## user
    {{page}}

Further `## user` and `## assistant` sections before the last `## user` are worked examples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from gr_toolkit.errors import UsageError
from gr_toolkit.llm.messages import Message

FRONT_MATTER = re.compile(r"\A---\s*\nversion:\s*(\d+)\s*\n---\s*\n")
HEADING = re.compile(r"^## (system|user|assistant)[ \t]*\n", re.MULTILINE)
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class Prompt:
    """A versioned conversation with placeholders."""

    version: str  # "extract@1": the file's stem and its version
    turns: tuple[Message, ...]

    @property
    def names(self) -> set[str]:
        """The names of the placeholders."""
        return {name for turn in self.turns for name in PLACEHOLDER.findall(turn["content"])}

    def messages(self, **values: str) -> list[Message]:
        """Return the conversation with every placeholder filled in. Values are inserted verbatim.

        Raises ValueError if a value is missing or has no placeholder, which is a bug in the caller.
        """
        if values.keys() != self.names:
            odd = ", ".join(sorted(values.keys() ^ self.names))
            raise ValueError(f"prompt {self.version}: missing or unknown placeholder: {odd}")
        return [
            Message(role=turn["role"], content=PLACEHOLDER.sub(lambda at: values[at[1]], turn["content"]))
            for turn in self.turns
        ]


def load_prompt(path: Path) -> Prompt:
    """Read a prompt file. Raises UsageError if it has no version or its last turn is not the user's."""
    text = path.read_text(encoding="utf-8")
    front = FRONT_MATTER.match(text)
    if front is None:
        raise UsageError(f"{path}: a prompt file must begin with three lines: ---, version: 1, ---")
    before, *sections = HEADING.split(text[front.end() :])
    if before.strip() or not sections or sections[-2] != "user":
        raise UsageError(
            f"{path}: a prompt file consists of `## system`, `## user` and `## assistant` sections "
            "and ends with a `## user` section"
        )
    turns = zip(sections[::2], sections[1::2], strict=True)
    return Prompt(
        version=f"{path.stem}@{front[1]}",
        turns=tuple(cast(Message, {"role": role, "content": content.strip()}) for role, content in turns),
    )
