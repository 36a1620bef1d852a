"""One request to one server: its wire format, limits, retries and failures."""
