"""Whom a forecast threatens: every future votes for the people it may harm.

`p` of a zone is the mean over its people of the probability that a threat comes down
within its harmful radius of them, so that cutting a zone in two silences nobody.
"""

from forewarn.exposure.exposer import Exposer

__all__ = ["Exposer"]
