"""Reads the tables and shows them."""
