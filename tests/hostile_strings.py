"""Strings that try to be more than text, for every field that people or programs fill."""

import random
from collections.abc import Iterator

SEEDS = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'-alert(1)-'",
    "javascript:alert(1)",
    "</title><svg onload=alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "\u2028\u2029</script>",
    "\u202etpircs\u202c",
    "\u0000\u0001\u001b[2J",
    "'; drop table journal; --",
    "../../../../etc/passwd",
    "http://169.254.169.254/latest/meta-data",
    "\r\nSet-Cookie: forewarn-live=x",
    "=cmd|' /C calc'!A0",
    "\ufeff\ufffe",
    "𝒳🏠\U0010ffff",
    "א<b>ב</b>",
    "A" * 5000,
    "-1e999",
    "__proto__",
]  # fmt: skip


def hostile(count: int, seed: int) -> Iterator[str]:
    """The known ones, then ever other cuts and splices of them."""
    yield from SEEDS[:count]
    draw = random.Random(seed)
    for _ in range(count - len(SEEDS)):
        first, second = draw.sample(SEEDS, 2)
        text = (
            first[: draw.randrange(len(first) + 1)] + second[draw.randrange(len(second)) :]
        )
        for _ in range(draw.randrange(4)):
            at = draw.randrange(len(text) + 1)
            text = (
                text[:at]
                + chr(draw.choice((0, 60, 34, 39, 38, 0x2028, 0xFFFD)))
                + text[at:]
            )
        yield text
