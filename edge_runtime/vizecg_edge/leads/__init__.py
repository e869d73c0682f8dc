"""The leads of a page: where each is printed, its signal in millivolts, and what a reader would measure in it."""
