"""Adapters that bring plots in, one standard per file."""
