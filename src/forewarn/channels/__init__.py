"""Adapters that carry alerts out, one standard per file."""
