"""Failures, one class per reaction. Each is caught in one place."""


class ForewarnError(Exception):
    """Any failure that Forewarn names: which part, what it got, what happens."""


class ConfigError(ForewarnError):
    """A file or setting cannot be used: do not start."""


class PlotError(ForewarnError):
    """A row or a frame cannot be used: refuse it, count it, go on with the rest."""


class ModelError(ForewarnError):
    """A number left its valid range: drop the tracks it names, record a fault, go on."""


class DeliveryError(ForewarnError):
    """A channel could not carry an alert: try again, then tell the operator."""


class StorageError(ForewarnError):
    """A store failed, what its last call did is unknown: open it anew and read again."""
