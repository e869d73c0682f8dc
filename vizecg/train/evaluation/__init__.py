"""Accuracy of checkpoints and bundles on drawn records: logits, figures, tables, diagrams."""
