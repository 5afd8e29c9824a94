"""What goes out on a channel, and how a channel fares."""

from collections.abc import Mapping
from dataclasses import dataclass

from forewarn.records.alerts import Alert

Key = tuple[str, int]  # alert_id and step


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """An alert with all a channel needs to carry it.

    texts     : by language
    polygon   : GeoJSON geometry of the zone
    earlier_s : when the steps before this one were issued
    signature : over what the public may know of it (`signing.alert_values`)
    """

    alert: Alert
    texts: Mapping[str, str]
    zone_name: str
    polygon: str
    earlier_s: tuple[float, ...] = ()
    signature: bytes = b""

    @property
    def key(self) -> Key:
        """What names the step."""
        return self.alert.alert_id, self.alert.step


@dataclass(frozen=True, slots=True)
class Counts:
    """How a channel fares. `last_error` is "" while all goes well.

    delay_s : from being offered to having arrived, 95 % quantile of the last thousand
    """

    delivered: int
    failures: int
    waiting: int
    dropped: int
    last_error: str
    delay_s: float = 0.0
