"""A simulated defence: coarse public odds, for studies of what comes down on people."""

from forewarn.sim.defence.model import Battery, Debris, Doctrine, Layer, Odds, Timing

__all__ = ["Battery", "Debris", "Doctrine", "Layer", "Odds", "Timing"]
