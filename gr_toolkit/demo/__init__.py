"""`gr demo`: runs the whole pipeline offline on the bundled site."""
