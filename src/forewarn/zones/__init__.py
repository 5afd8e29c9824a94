"""Zones: made for a region, imported from a map, read, checked; what a change does."""

from forewarn.zones.changing import Change, remap
from forewarn.zones.importing import import_zones
from forewarn.zones.making import Region, made_zones, make_zones
from forewarn.zones.people import PeopleGrid
from forewarn.zones.reading import Census, read_zones, write_zones
from forewarn.zones.shelter import read_shelter

__all__ = [
    "Census",
    "Change",
    "PeopleGrid",
    "Region",
    "import_zones",
    "made_zones",
    "make_zones",
    "read_shelter",
    "read_zones",
    "remap",
    "write_zones",
]
