"""The speed of training, the steps of a packed store, and the convolutions of a CPU."""
