"""Random stories of one demand, on the real rulebook: what is done, what must be true, and the shortest way to a breach."""
