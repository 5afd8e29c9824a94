"""`cd tests && python -m checker STORE ...`: says what is wrong, and how much of it."""

import argparse
import sys
from pathlib import Path

from checker.deliveries import cap_faults, sse_faults
from checker.record import read_record, record_faults
from checker.truth import truth_faults


def main() -> int:
    """Check what was given; returns 1 if anything is wrong."""
    asked = argparse.ArgumentParser(prog="checker", description=__doc__)
    asked.add_argument("store", type=Path)
    asked.add_argument("--channels", nargs="*", default=["cap"])
    asked.add_argument("--cap", type=Path, help="folder of CAP messages")
    asked.add_argument("--sse", type=Path, nargs="*", default=[], help="subscribers' logs")
    asked.add_argument("--late-s", type=float, default=2.0)
    asked.add_argument("--exercise", action="store_true")
    asked.add_argument("--truth", type=Path, help="JSON of threats; needs --zones")
    asked.add_argument("--zones", type=Path)
    asked.add_argument("--reach-km", type=float, default=30.0)
    given = asked.parse_args()
    record = read_record(given.store)
    found = list(record_faults(record, tuple(given.channels)))
    if given.cap:
        found += cap_faults(record, given.cap, given.exercise)
    for log in given.sse:
        found += sse_faults(record, log, given.exercise, given.late_s)
    if given.truth:
        found += truth_faults(record, given.truth, given.zones, given.reach_km)
    for text in found:
        print(text)
    print(f"{len(record.journal)} events, {len(record.steps)} steps, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
