"""Damaged and hostile files, and what the edge says to them."""
