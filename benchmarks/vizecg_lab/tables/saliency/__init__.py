"""Does distillation change where the model looks? Looking, measuring, reporting."""
