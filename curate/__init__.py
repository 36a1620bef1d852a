"""Turns the texts of pages into verified questions. Each step is a function in the file of the same name."""
