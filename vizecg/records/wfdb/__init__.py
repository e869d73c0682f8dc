"""WFDB: one record, a folder of them with labels, and writing both."""
