"""The URLs that a crawl knows, and the state of each."""
