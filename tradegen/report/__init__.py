"""One page on a run: what was asked and made, what breaks where and by how much, what was proved, scores."""
