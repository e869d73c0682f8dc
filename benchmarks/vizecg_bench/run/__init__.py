"""``vizecg-bench run``: every artefact of a bundle beside the float network, under a stated protocol."""
