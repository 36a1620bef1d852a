"""`gr demo`: the whole pipeline, offline, on the bundled site."""
