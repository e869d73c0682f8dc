"""Pages that are spoilt, and pages that are only changed: does a spoilt one turn a decision over without a word?"""
