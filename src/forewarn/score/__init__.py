"""Every measure by which warnings are judged, on runs whose truth is known."""

from forewarn.cover import first_seen_s, in_cover
from forewarn.score.calibration import Bin, Samples, bins
from forewarn.score.case import Case, Paths, Rules
from forewarn.score.causes import Cause
from forewarn.score.evidence import Evidence, Watcher
from forewarn.score.judge import Fate, Judged, judge
from forewarn.score.measures import Score, Share
from forewarn.score.people import Harm, harmed
from forewarn.score.summary import summarise

__all__ = [
    "Bin",
    "Case",
    "Cause",
    "Evidence",
    "Fate",
    "Harm",
    "Judged",
    "Paths",
    "Rules",
    "Samples",
    "Score",
    "Share",
    "Watcher",
    "bins",
    "first_seen_s",
    "harmed",
    "in_cover",
    "judge",
    "summarise",
]
