"""The Parquet tables that flow between the stages."""

from gr_toolkit.store.ids import content_id
from gr_toolkit.store.table import Store, Table, open_table

__all__ = ["Store", "Table", "content_id", "open_table"]
