"""What the service writes on its error output: lines for people, JSON for machines."""

import json
import logging
import sys
from datetime import UTC, datetime

FIELDS = ("seq", "time_s", "source")  # what a line may carry besides its text


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, text, and the number of the event, if one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "text": record.getMessage(),
        }
        line |= {name: vars(record)[name] for name in FIELDS if name in vars(record)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr() -> None:
    """JSON where a machine reads, plain text on a terminal."""
    handler = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(plain if sys.stderr.isatty() else JsonLines())
    log = logging.getLogger("forewarn")
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
