"""Evaluation packs: inputs, labels and the float network's outputs, for devices without torch and data sets."""
