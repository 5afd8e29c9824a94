"""Zones: made for a region, imported from a map, read and checked."""

from forewarn.zones.importing import import_zones
from forewarn.zones.making import make_zones
from forewarn.zones.reading import read_zones, write_zones

__all__ = ["import_zones", "make_zones", "read_zones", "write_zones"]
