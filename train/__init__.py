"""Trains a policy on verified questions: GRPO with the verifier as reward."""
