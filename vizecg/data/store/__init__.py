"""Stores: records of any source, checked, resampled and read by memory map."""
