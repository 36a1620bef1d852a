"""Reads what a question says about its answer: options, order, precision."""
