"""Find the final answer in a completion, and parse it."""
