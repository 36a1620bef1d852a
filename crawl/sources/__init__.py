"""The sources of a crawl: URLs, lists of URLs, and archives."""
