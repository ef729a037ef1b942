"""How each form of file becomes a relation of its cells, as they are written."""
