"""pages' texts -> verified questions. Each step is one file with one public function."""
