"""Fetches pages with Scrapy: whose turn it is, how often, by which rules, and what came back."""
