"""vizecg: reads photographs of printed 12-lead ECGs (VizECGNet, arXiv 2408.02888).

Importing this package imports neither torch nor anything else that is slow to load.
"""

import os

__version__ = "0.1.0"

# Releases of ONNX Runtime from 1.29 on keep an identifier of the device in the user's cache and send what it runs to
# their maker, unless this is set when they are imported. What reads ECGs sends nothing.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
