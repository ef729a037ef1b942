"""The user's own trades, broken, with the truth."""
