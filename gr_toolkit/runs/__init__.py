"""The runs of `gr` in a data folder: which run this is, which are alive, and the log of all of them."""
