"""What a page says: its HTML to Markdown, with the mathematics as TeX and the questions that it declares."""
