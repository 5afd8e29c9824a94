"""Cell broadcast: what every phone of a network is told, through a broadcast centre."""

from forewarn.channels import ChannelKind
from forewarn.channels.cell_broadcast.channel import CellBroadcast, CellBroadcastKeys

__all__ = ["KIND", "CellBroadcast", "CellBroadcastKeys"]

KIND = ChannelKind(CellBroadcastKeys, CellBroadcast)
