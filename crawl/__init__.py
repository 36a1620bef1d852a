"""Web -> pages -> texts."""
