"""The speed of training, the steps of a packed store, the convolutions of a CPU, and what trained networks bear."""
