"""Records spoiled on purpose: what the checks of a record find, and what they tell of honest ones."""
