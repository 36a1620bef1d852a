"""Asks a verifier model, and tests its verdicts."""
