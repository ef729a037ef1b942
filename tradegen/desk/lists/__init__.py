"""The user's own lists: what their columns are, and how single cells of them are altered in place."""
