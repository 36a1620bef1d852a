"""Turns the texts of pages into verified questions. Each step is one file with one public function."""
