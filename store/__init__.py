"""The Parquet tables that flow between the stages. Public: Store, Table, content_id."""

from store.ids import content_id
from store.table import Store, Table

__all__ = ["Store", "Table", "content_id"]
