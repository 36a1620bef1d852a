"""The URLs that a crawl knows, and what became of each."""
