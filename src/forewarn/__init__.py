"""From sensor plots to warned zones: who is about to be hit, and in how many seconds."""

__version__ = "0.1.0"
