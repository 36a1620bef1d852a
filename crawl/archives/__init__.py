"""Sources that contain the pages themselves: WARC files, folders of HTML, Common Crawl."""
