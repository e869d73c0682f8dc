"""vizecg_bench: measures exported models against the float model, in accuracy and latency."""
