"""Fetches pages with Scrapy: scheduling, throttling, robots.txt, sitemaps, and handling of results."""
