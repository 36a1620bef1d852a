"""From text to values: finds the final answer in a completion, and parses it."""
