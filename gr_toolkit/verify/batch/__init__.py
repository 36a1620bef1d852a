"""Judge many pairs, from a file or posted to a server."""
