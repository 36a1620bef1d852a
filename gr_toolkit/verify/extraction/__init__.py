"""Finds the answer that a completion states."""
