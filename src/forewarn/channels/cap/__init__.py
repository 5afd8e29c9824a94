"""CAP 1.2: the steps of an alert as signed XML messages, in a folder that all may fetch."""

from dataclasses import dataclass
from pathlib import Path

from forewarn.channels import ChannelKind, Context
from forewarn.channels.cap.folder import CapFolder
from forewarn.channels.cap.message import Sender
from forewarn.channels.cap.seal import Sealer
from forewarn.errors import ConfigError


@dataclass(frozen=True, slots=True)
class CapKeys:
    """`kind = "cap"`: CAP messages, written into `folder`.

    sender           : who speaks, as receivers of CAP know it
    certificate, key : PEM; with both, every message carries an XML signature
    """

    folder: Path = Path("cap")
    sender: str = "alerts@forewarn.invalid"
    certificate: Path | None = None
    key: Path | None = None


def _open(keys: CapKeys, context: Context) -> CapFolder:
    if (keys.certificate is None) != (keys.key is None):
        raise ConfigError("channel cap: expected certificate and key, or none of them")
    sender = Sender(
        keys.sender,
        context.exercise,
        context.own_texts,
        context.time_zone,
        context.zone_names,
    )
    sealer = None
    if keys.certificate is not None and keys.key is not None:
        sealer = Sealer(keys.certificate, keys.key)
    return CapFolder(keys.folder, sender, context.delivered, sealer)


KIND = ChannelKind(CapKeys, _open)
