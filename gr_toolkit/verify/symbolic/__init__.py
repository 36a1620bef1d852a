"""Equality by symbolic mathematics, in worker processes."""
