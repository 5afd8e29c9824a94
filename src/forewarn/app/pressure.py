"""How hard the core is pressed, and what it leaves out then.

Judged by how many events wait whenever it takes some: they fill whole groups while it falls
behind. What is left out alters forecasts, so the level is an event like any other: on
record, and the same in a replay. The order is written down in docs/operations.md; it ends
with alerts, which are never left out.
"""

GROUP_MAX = 64  # events put on record together
HARDEST = 3
CALM = 4  # events in a group of a core that keeps up, at most
CALM_GROUPS = 20  # in a row, before a level is taken back


class Pressure:
    """0 = none; each level more leaves out more. A core that takes over finds a level."""

    def __init__(self, level: int = 0) -> None:
        self.level = level
        self._calm = 0

    def step(self, events: int) -> bool:
        """Take in how many events a group had; whether the level changed."""
        if events >= GROUP_MAX and self.level < HARDEST:
            self.level += 1
            self._calm = 0
            return True
        self._calm = self._calm + 1 if events <= CALM else 0
        if self.level and self._calm >= CALM_GROUPS:
            self.level -= 1
            self._calm = 0
            return True
        return False
