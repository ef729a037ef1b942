"""What users call: `generate` and its `Batch`, and `blocks`."""
