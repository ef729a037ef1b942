"""The Lambda: its events, checked, and the lines that it logs."""
