"""What runs a model file on a device, one backend per module."""
