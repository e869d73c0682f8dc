"""vizecg_export: turns a checkpoint into a bundle that the edge runtime can load."""
