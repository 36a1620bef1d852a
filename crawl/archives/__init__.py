"""What carries pages itself: WARC files, folders of HTML, Common Crawl."""
