"""The stage `gr crawl`: fetches web pages (table pages) and extracts their text (table texts)."""
