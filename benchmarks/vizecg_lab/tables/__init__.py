"""The tables of arXiv 2408.02888 and the questions it leaves open, measured."""
