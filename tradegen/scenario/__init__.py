"""What to generate: the scenario, its fields and tables, what is checked, and the named scenarios."""
