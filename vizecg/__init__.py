"""vizecg: reads photographs of printed 12-lead ECGs (VizECGNet, arXiv 2408.02888).

Importing this package imports neither torch nor anything else that is slow to load.
"""

__version__ = "0.1.0"
