"""`gr init`: writes a commented gr.toml with every setting at its default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

HEADER = """\
# Settings of gr. What is commented out shows the default; flags and the environment
# (GR_CRAWL__MAX_PAGES=100) override this file.
"""


def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("gr.toml"),
) -> None:
    """Write a commented configuration file; an existing one is never overwritten.

    Example: gr init gr.toml
    """
    from gr_toolkit.errors import CannotWrite, UsageError

    if path.exists():
        raise UsageError(f"{path} exists already; choose another name: gr init FILE")
    try:
        path.write_text(default_toml(), encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {error.strerror}") from error
    print(f"Wrote {path}. Uncomment what you want to change; `gr demo` shows the whole way.")


def default_toml() -> str:
    """Every setting with its meaning and default, as TOML whose assignments are comments."""
    from gr_toolkit.settings import Settings

    return "\n".join([HEADER, *_section(Settings, "")]) + "\n"


def _section(section: type[BaseModel], prefix: str) -> list[str]:
    """The section's own settings, then its tables."""
    lines, tables = [], []
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
            tables += ["", f"[{prefix}{name}]", *_table(field.annotation, f"{prefix}{name}.")]
        else:
            lines.append(_line(name, field))
    return lines + tables


def _table(section: type[BaseModel], prefix: str) -> list[str]:
    """A table's settings; one that only overrides others is a line naming them."""
    if all(field.default is None for field in section.model_fields.values()):
        return [f"# For this role alone: {', '.join(section.model_fields)}"]
    return _section(section, prefix)


def _line(name: str, field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    if default is None:
        return f"# {name} =   # not set; {field.description}"
    comment = f"  # {field.description}" if field.description else ""
    return f"# {name} = {json.dumps(default)}{comment}"
