"""The one decorator for numeric kernels, and the cache they live in.

Numba's own cache does not see a changed callee in another file, so the cache folder is
named by a hash of every source file that a kernel may lean on: any change starts a new one.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import platformdirs

P = ParamSpec("P")
R = TypeVar("R")


# packages without kernels, that no kernel leans on; `lint-imports` holds them to it
PLAIN = frozenset(
    {
        "app",
        "channels",
        "files",
        "score",
        "signing",
        "sources",
        "stores",
        "warning",
        "web",
        "words",
        "zones",
    }
)


def source_hash() -> str:
    """Hash of all sources but those of plain packages; names the kernel cache."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root)
        if name.parts[0] not in PLAIN:
            digest.update(name.as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where the compiled kernels of this very build are kept."""
    return Path(platformdirs.user_cache_dir("forewarn")) / f"kernels-{source_hash()}"


os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder()))
# four numbers side by side are worked out as one: a quarter of the time of a flight
os.environ.setdefault("NUMBA_SLP_VECTORIZE", "1")
# a graphics card that is handed a few flights is not worth a warning
os.environ.setdefault("NUMBA_CUDA_LOW_OCCUPANCY_WARNINGS", "0")
import numba  # noqa: E402  (Numba reads all three when it is imported)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a numeric function of arrays: no GIL, cached, no fused or reordered sums.

    `fastmath` and parallel reduction stay off: the same events must give the same bytes.
    The plain Python function stays reachable as `.py_func`, the oracle of tests.
    """
    return _compiled(function, _nrt=True)


def inner_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """A kernel of an innermost loop, laid into whatever calls it.

    A call that is handed rows of arrays counts references to each, atomically, and that
    takes longer than some ten multiplications: laid in, little is left to count.
    """
    return _compiled(function, _nrt=True, forceinline=True)


def bare_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """An `inner_kernel` that counts no references at all: a third of the time of a flight.

    So it can make no array, nor set a slice of one, and must return none: whoever calls it
    holds all that it is handed.
    """
    return _compiled(function, _nrt=False, forceinline=True)


def _compiled(function: Callable[P, R], **how: bool) -> Callable[P, R]:
    njit: Any = numba.njit  # whose types know nothing of `_nrt`
    made = njit(cache=True, nogil=True, error_model="numpy", **how)
    return cast(Callable[P, R], made(function))
