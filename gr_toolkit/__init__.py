"""Code shared by the stages of `gr`, and the Python API.

    import gr_toolkit

    gr_toolkit.open_table("gr-data", "dataset")        # a polars LazyFrame
    from gr_toolkit.verify import Verifier, verify     # is this answer correct?

docs/python.md lists the public names. They are imported on first use, so that `gr --help` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gr_toolkit.lazy import lazy_names

if TYPE_CHECKING:
    from gr_toolkit import verify
    from gr_toolkit.store.table import open_table

__all__ = ["open_table", "verify"]

__getattr__, __dir__ = lazy_names(__name__, {"open_table": "store.table", "verify": None})
