"""Imports a package's public names on first use, so that `gr --help` stays quick."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_names(
    package: str, homes: Mapping[str, str | None]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return a module-level `__getattr__` and `__dir__` (PEP 562) for `package`.

    `homes` maps each public name to the submodule that defines it, or to None if the name is itself a
    submodule.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = homes[name]
        module = import_module(f"{package}.{home or name}")
        value: object = getattr(module, name) if home else module
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted(homes)
