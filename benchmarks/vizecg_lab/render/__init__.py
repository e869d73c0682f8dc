"""The renderer beside ecg_plot: speed, and likeness."""
