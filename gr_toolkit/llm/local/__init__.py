"""Models on this machine, served over HTTP on loopback."""
