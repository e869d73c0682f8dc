"""Whether a sheet may be answered, and what may be wrong with an answer all the same."""
