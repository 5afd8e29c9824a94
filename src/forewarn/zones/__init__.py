"""Zones: made for a region, imported from a map, read and checked."""

from forewarn.zones.importing import import_zones
from forewarn.zones.making import Region, made_zones, make_zones
from forewarn.zones.reading import read_zones, write_zones

__all__ = [
    "Region",
    "import_zones",
    "made_zones",
    "make_zones",
    "read_zones",
    "write_zones",
]
