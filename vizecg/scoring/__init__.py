"""Metrics, intervals, calibration and thresholds: the one definition for training, export, packs and benches."""
