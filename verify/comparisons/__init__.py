"""The typed comparisons: each reads what it knows and says yes, no or nothing (None)."""
