"""What this device is and can do, and the command that adds each thing it cannot."""
