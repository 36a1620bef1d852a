"""Many verdicts at a time: files of pairs, and a server."""
