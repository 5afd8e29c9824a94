"""Sending by hand: drafts with an echo, two people's keys, corrections."""
