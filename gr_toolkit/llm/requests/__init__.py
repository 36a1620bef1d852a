"""One request to one server: wire format, rate limits, retries and failures."""
