"""From sensor plots to warned zones: who is about to be hit, and in how many seconds."""

import os

# NumPy reads it when it is loaded. The matrices here are small: a second thread gains
# nothing, and where another program has its core each is waited for, 15 ms a time
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
