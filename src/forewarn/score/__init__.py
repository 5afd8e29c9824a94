"""Every measure by which warnings are judged, on runs whose truth is known."""

from forewarn.score.calibration import Bin, Samples, bins
from forewarn.score.case import Case, Rules
from forewarn.score.cover import first_seen_s, in_cover
from forewarn.score.judge import Fate, Judged, judge
from forewarn.score.people import Harm, harmed
from forewarn.score.summary import Score, Share, summarise

__all__ = [
    "Bin",
    "Case",
    "Fate",
    "Harm",
    "Judged",
    "Rules",
    "Samples",
    "Score",
    "Share",
    "bins",
    "first_seen_s",
    "harmed",
    "in_cover",
    "judge",
    "summarise",
]
