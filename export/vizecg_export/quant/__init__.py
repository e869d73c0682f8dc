"""Quantised graphs: PT2E for XNNPACK, and training that knows of it."""
