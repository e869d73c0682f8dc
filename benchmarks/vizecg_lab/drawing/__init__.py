"""The two drawing paths beside each other: torch, for whole batches on a device, and OpenCV, one picture at a time."""
