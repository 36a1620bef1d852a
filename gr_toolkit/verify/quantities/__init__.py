"""Reads numbers and units, and converts between units."""
