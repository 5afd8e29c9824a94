"""Composition root and command line: one file per command."""
