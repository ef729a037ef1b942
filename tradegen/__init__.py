"""Two-sided trade records with known mismatches, to measure a trade reconciliation with."""
