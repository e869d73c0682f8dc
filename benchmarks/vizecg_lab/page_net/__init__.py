"""The network that reads lead names, traces, pulses and rules off a flattened page: its pages, training and figures."""
