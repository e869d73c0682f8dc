"""Which photographs are answered, and which labels left undecided: fitted on photographs from mild to unreadable."""
