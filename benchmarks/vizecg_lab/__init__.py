"""vizecg_lab: what only the checkout measures: the paper's tables, studies of every part, fuzzing. Not in the wheel."""
