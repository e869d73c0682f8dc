"""Pictures and pages of one answer, for people. The modules are imported by name."""
