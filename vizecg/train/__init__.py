"""Training, evaluation, calibration. Importing this package imports nothing; its modules import torch."""
