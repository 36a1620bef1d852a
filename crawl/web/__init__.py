"""Fetches pages with Scrapy: scheduling, throttling, robots.txt, sitemaps, results."""
