"""vizecg_edge: bundle and photograph in, decision out; never imports torch."""
