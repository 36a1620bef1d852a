"""Verified questions -> a better policy: GRPO with the verifier as reward."""
