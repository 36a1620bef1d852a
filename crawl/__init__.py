"""Web to pages, pages to texts."""
