"""The catalogue: every way for a leg to be wrong, one entry each, beside its function."""
