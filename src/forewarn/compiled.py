"""The one decorator for numeric kernels, and the cache they live in.

Numba's own cache does not see a changed callee in another file, so the cache folder is
named by a hash of every source file of the package: any change starts a new one.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import platformdirs

P = ParamSpec("P")
R = TypeVar("R")


def source_hash() -> str:
    """Hash of all sources of the package; names a build, and its kernel cache."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where the compiled kernels of this very build are kept."""
    return Path(platformdirs.user_cache_dir("forewarn")) / f"kernels-{source_hash()}"


os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder()))
import numba  # noqa: E402  (the folder must be named before Numba is imported)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a numeric function of arrays: no GIL, cached, no fused or reordered sums.

    `fastmath` and parallel reduction stay off: the same events must give the same bytes.
    The plain Python function stays reachable as `.py_func`, the oracle of tests.
    """
    compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled  # type: ignore[no-any-return]


def inner_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """A kernel of an innermost loop, laid into whatever calls it.

    A call that is handed rows of arrays counts references to each, atomically, and that
    takes longer than some ten multiplications: laid in, nothing is left to count.
    """
    compiled: Any = numba.njit(
        cache=True, nogil=True, error_model="numpy", forceinline=True
    )(function)
    return compiled  # type: ignore[no-any-return]
