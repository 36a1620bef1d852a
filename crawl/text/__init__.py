"""A page's text: HTML to Markdown, mathematics as TeX, and the questions that the markup declares."""
