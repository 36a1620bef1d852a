"""The frontier of a crawl: the URLs that the crawl knows, and the state of each URL."""
