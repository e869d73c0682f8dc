"""What the steps do, one a module: each takes a ``Request`` and returns a dictionary of plain types."""

# Before pytorch_lightning, wherever that is imported: it makes a torchvision that does not fit torch importable.
import vizecg.train  # noqa: F401
