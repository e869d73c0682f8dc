"""Packed stores: chosen records in one small file, for a machine that cannot fetch them."""
