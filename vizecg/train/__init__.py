"""Training, evaluation, calibration. Importing this package imports torch; only training needs Lightning."""
