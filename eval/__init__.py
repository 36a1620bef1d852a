"""Scores a model: benchmark questions in, marked completions and an accuracy with its interval out."""
