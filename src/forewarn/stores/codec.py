"""Events, alerts and memory to bytes and back, exactly. No pickle: bytes are only data."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from forewarn.errors import ConfigError, ForewarnError
from forewarn.files.events import KINDS
from forewarn.records import (
    Alert,
    AlertState,
    CommandAction,
    Event,
    Gap,
    PlotBatch,
)

_KINDS: dict[str, type[Any]] = {"plots": PlotBatch, **KINDS}
_ALERT = tuple(field.name for field in fields(Alert))
_NAMES = {kind: name for name, kind in _KINDS.items()}


def _packed(value: Any) -> Any:
    """What msgpack has no word for: arrays as raw float64, NumPy's own numbers and text."""
    if isinstance(value, np.ndarray):
        return {
            "shape": list(value.shape),
            "raw": np.ascontiguousarray(value, "<f8").tobytes(),
        }
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place on record")


_encoder = msgspec.msgpack.Encoder(enc_hook=_packed)


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        return np.frombuffer(value["raw"], "<f8").reshape(value["shape"]).copy()
    return tuple(value) if isinstance(value, list) else value


def encode_event(event: Event) -> tuple[str, bytes]:
    """Kind and body of an event. Packed: a radar's day is 6 GB raw, a quarter of it so."""
    body = {field.name: getattr(event, field.name) for field in fields(event)}
    return _NAMES[type(event)], zlib.compress(_encoder.encode(body), level=1)


def decode_event(kind: str, body: bytes) -> Event:
    """The event that `encode_event` was given, to the last bit."""
    if kind not in _KINDS:
        raise ConfigError(f"journal: kind is {kind!r}, known: {', '.join(_KINDS)}")
    try:
        read = msgspec.msgpack.decode(zlib.decompress(body))
        values = {name: _unpacked(value) for name, value in read.items()}
        if kind == "command":
            values["action"] = CommandAction(values["action"])
        event: Event = _KINDS[kind](**values)
    except (
        zlib.error,
        msgspec.MsgspecError,
        ForewarnError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise ConfigError(
            f"journal: body of a {kind} event cannot be read: {error}"
        ) from None
    return event


def encode_gap(gap: Gap) -> bytes:
    """A gap, packed like an event."""
    return zlib.compress(_encoder.encode(asdict(gap)), level=1)


def decode_gap(body: bytes) -> Gap:
    """What `encode_gap` was given."""
    try:
        return Gap(**msgspec.msgpack.decode(zlib.decompress(body)))
    except (zlib.error, msgspec.MsgspecError, TypeError) as error:
        raise ConfigError(f"journal: a gap cannot be read: {error}") from None


def encode_alert(alert: Alert, texts: Mapping[str, str]) -> bytes:
    """An alert and its texts."""
    values = {name: getattr(alert, name) for name in _ALERT}  # `asdict` copies each deeply
    return _encoder.encode({**values, "texts": dict(texts)})


def decode_alert(body: bytes) -> tuple[Alert, dict[str, str]]:
    """What `encode_alert` was given."""
    try:
        values = msgspec.msgpack.decode(body)
        texts = values.pop("texts")
        values["state"] = AlertState(values["state"])
        for name in ("threats", "sources"):
            values[name] = tuple(values[name])
        return Alert(**values), texts
    except (msgspec.MsgspecError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"alerts: a step cannot be read: {error}") from None


def encode_memory(memory: Mapping[str, NDArray[Any]]) -> bytes:
    """A snapshot: named arrays, as npz."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **memory)
    return buffer.getvalue()


def decode_memory(body: bytes) -> dict[str, NDArray[Any]]:
    """What `encode_memory` was given."""
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"snapshot cannot be read: {error}") from None
