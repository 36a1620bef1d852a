"""A browser for pages that scripts make."""
