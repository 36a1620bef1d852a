"""Models that run on this machine, served over HTTP on loopback."""
