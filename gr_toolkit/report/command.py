"""`gr status`: counts the rows of the tables."""

from __future__ import annotations

from gr_toolkit import options


def status(data: options.Data = None, config: options.Config = None, json: options.Json = False) -> None:
    """Count the rows, shards and pending shards of each table, and the rows that each step keeps.

    Example: gr status --data gr-data
    """
    from gr_toolkit.report.show import show_status
    from gr_toolkit.settings import load_settings

    show_status(load_settings(config, data=data), as_json=json)
