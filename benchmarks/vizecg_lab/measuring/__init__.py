"""How well rate and intervals are measured, and what they say about the network's decisions."""
