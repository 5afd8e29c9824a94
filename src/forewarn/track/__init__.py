"""What flies: tracks out of plots."""

from forewarn.track.params import TrackParams
from forewarn.track.tracker import Tracker

__all__ = ["TrackParams", "Tracker"]
