"""Sources that contain the pages themselves: WARC files, folders of HTML files, Common Crawl."""
