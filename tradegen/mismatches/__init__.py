"""Mismatches: the catalogue of mechanisms, which pairs they meet, and what becomes of the values."""
