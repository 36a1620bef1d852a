"""What a crawl starts from."""
