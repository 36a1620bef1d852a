"""`gr init`: writes a commented gr.toml that lists every setting with its default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

HEADER = """\
# Settings of gr. Commented-out lines show the defaults. Flags and environment variables
# (GR_CRAWL__MAX_PAGES=100) override this file.
"""


def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("gr.toml"),
) -> None:
    """Write a commented configuration file; an existing file is never overwritten.

    Example: gr init gr.toml
    """
    from gr_toolkit.errors import CannotWrite, UsageError

    if path.exists():
        raise UsageError(f"{path} already exists; choose another name: gr init FILE")
    try:
        path.write_text(default_toml(), encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {error.strerror}") from error
    print(f"Wrote {path}. Uncomment the settings you want to change. `gr demo` runs the whole pipeline.")


def default_toml() -> str:
    """Return every setting with its default and description, as commented-out TOML."""
    from gr_toolkit.settings import Settings

    return "\n".join([HEADER, *_section(Settings, "")]) + "\n"


def _section(section: type[BaseModel], prefix: str) -> list[str]:
    """Return the lines of a section: its own settings, then its tables."""
    lines, tables = [], []
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
            tables += ["", f"[{prefix}{name}]", *_table(field.annotation, f"{prefix}{name}.")]
        else:
            lines.append(_line(name, field))
    return lines + tables


def _table(section: type[BaseModel], prefix: str) -> list[str]:
    """Return the lines of a table. A role's table has one line, which names the settings it may override."""
    from gr_toolkit.settings import RoleSettings

    if issubclass(section, RoleSettings):
        return [f"# Settings that this role may override: {', '.join(section.model_fields)}"]
    return _section(section, prefix)


def _line(name: str, field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    if default is None:
        return f"# {name} =   # not set; {field.description}"
    comment = f"  # {field.description}" if field.description else ""
    return f"# {name} = {json.dumps(default)}{comment}"
