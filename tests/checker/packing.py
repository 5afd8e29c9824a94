"""A reader of MessagePack, as much of it as the record uses."""

import struct
from typing import Any

_FIXED = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}
_FIXED |= {0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
_SIZED = {0xC4: (1, "bin"), 0xC5: (2, "bin"), 0xC6: (4, "bin")}
_SIZED |= {0xD9: (1, "str"), 0xDA: (2, "str"), 0xDB: (4, "str")}
_SIZED |= {0xDC: (2, "list"), 0xDD: (4, "list"), 0xDE: (2, "map"), 0xDF: (4, "map")}


def unpacked(body: bytes) -> Any:
    """The one value that the bytes hold."""
    value, end = _value(body, 0)
    if end != len(body):
        raise ValueError(f"{len(body) - end} bytes behind the value")
    return value


def _value(body: bytes, at: int) -> tuple[Any, int]:
    head = body[at]
    at += 1
    if head < 0x80:
        return head, at
    if head >= 0xE0:
        return head - 256, at
    if head < 0xC0:
        kind, size = (
            ("map", head & 15)
            if head < 0x90
            else ("list", head & 15)
            if head < 0xA0
            else ("str", head & 31)
        )
        return _many(body, at, kind, size)
    if head in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[head], at
    if head in _FIXED:
        size = struct.calcsize(_FIXED[head])
        return struct.unpack_from(_FIXED[head], body, at)[0], at + size
    width, kind = _SIZED[head]
    size = int.from_bytes(body[at : at + width], "big")
    return _many(body, at + width, kind, size)


def _many(body: bytes, at: int, kind: str, size: int) -> tuple[Any, int]:
    if kind in ("bin", "str"):
        raw = body[at : at + size]
        return (raw.decode() if kind == "str" else raw), at + size
    items = []
    for _ in range(size * 2 if kind == "map" else size):
        item, at = _value(body, at)
        items.append(item)
    if kind == "list":
        return items, at
    return dict(zip(items[::2], items[1::2], strict=True)), at
