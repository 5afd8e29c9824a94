"""A real browser that does as it is told, through `frontend/tests/driver.mjs`."""

import json
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Self

from forewarn.errors import ForewarnError

FRONTEND = Path(__file__).parents[3] / "frontend"
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """A Chromium of this machine, and what drives it; None where either is missing."""
    installed = (FRONTEND / "node_modules" / "playwright-core").is_dir()
    if not installed or shutil.which("node") is None:
        return None
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One headless browser; its pages share nothing."""

    def __init__(self, executable: str) -> None:
        self._driver = subprocess.Popen(
            ["node", "tests/driver.mjs", executable],
            cwd=FRONTEND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._numbers = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._driver.stdin, self._driver.stdout):
            if pipe:
                pipe.close()
        self._driver.wait(timeout=20)

    def open(
        self,
        url: str,
        context: Mapping[str, Any],
        before: Sequence[str] = (),
        permissions: Sequence[str] = (),
        slow: Mapping[str, float] | None = None,
    ) -> "Page":
        """A page of its own.

        context : options of a browser context: viewport, locale, geolocation ...
        before  : scripts that run before the page's own
        slow    : cpu (times), latency_ms, down_kbps, up_kbps
        """
        page = Page(self, f"page{next(self._numbers)}")
        page.do(
            "open",
            url=url,
            context=context,
            before=before,
            permissions=permissions,
            slow=slow,
        )
        return page

    def ask(self, request: Mapping[str, Any]) -> Any:
        """One thing to do; what came of it."""
        assert self._driver.stdin is not None
        assert self._driver.stdout is not None
        self._driver.stdin.write(json.dumps(request) + "\n")
        self._driver.stdin.flush()
        line = self._driver.stdout.readline()
        answer = json.loads(line) if line else {"error": "the browser is gone"}
        if "error" in answer:
            raise ForewarnError(f"browser: {request['do']}: {answer['error']}")
        return answer["value"]


class Page:
    """A page in the browser."""

    def __init__(self, browser: Browser, name: str) -> None:
        self._browser = browser
        self._name = name

    def do(self, what: str, **how: Any) -> Any:
        """Anything the driver can do."""
        return self._browser.ask({"do": what, "page": self._name, **how})

    def evaluate(self, script: str) -> Any:
        """The value of an expression on the page."""
        return self.do("evaluate", script=script)

    def until(self, script: str, limit_s: float = 10.0) -> Any:
        """Wait until an expression on the page holds; its value."""
        end_s = time.monotonic() + limit_s
        while not (value := self.evaluate(script)):
            if time.monotonic() > end_s:
                shown = self.evaluate("document.body.innerText")
                raise ForewarnError(f"not within {limit_s} s: {script}; shown: {shown}")
            time.sleep(0.03)
        return value

    def text(self, selector: str) -> str:
        """What stands in an element."""
        return str(
            self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")
        )
