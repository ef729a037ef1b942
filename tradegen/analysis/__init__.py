"""Whether a batch is what was asked for: rates, sizes, expectations, figures."""
