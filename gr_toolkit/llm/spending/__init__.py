"""What requests to models cost: the ledger on disk, the budget that it enforces, and `gr llm cost`."""
