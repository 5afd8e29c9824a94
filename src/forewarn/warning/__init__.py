"""What people are told, and when: from exposures to steps in the life of alerts."""

from forewarn.warning.params import WarningParams
from forewarn.warning.warner import Warner, Weighed

__all__ = ["Warner", "WarningParams", "Weighed"]
