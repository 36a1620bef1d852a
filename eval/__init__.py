"""Scores a model on benchmarks."""
