"""A browser that renders pages built by scripts."""
