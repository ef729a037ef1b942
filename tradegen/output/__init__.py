"""Where records go: single files, datasets of any size, storage, workers, clusters, progress."""
