"""The generator: pairs, selection, alterations, legs, truth; runs, blocks and the manifest."""
