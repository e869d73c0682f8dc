"""One module per target: float network in, model file out."""
