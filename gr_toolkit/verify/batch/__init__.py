"""Batches of verdicts: files of pairs, and a server."""
