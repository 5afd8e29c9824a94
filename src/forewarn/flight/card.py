"""`fall` on a graphics card: one body a thread, for simulations of millions of flights.

Live warning needs none: a core flies all that it asks for. The formulas are those of
`follow_path`, compiled once more for the card. It needs the extra `gpu` (numba-cuda) and a
card of NVIDIA's; nothing of the service imports this file.
"""

from functools import cache
from typing import Any

import numpy as np

from forewarn.errors import ConfigError
from forewarn.flight.ground import Ground
from forewarn.flight.single import World, fly_row
from forewarn.geodesy import WGS84, Earth, FloatArray

THREADS = 128  # of a block
NO_CARD = (
    "no graphics card of NVIDIA's answers: install forewarn[gpu] where there is one, or use"
    " forewarn.flight.fall"
)


def cuda() -> Any:
    """What speaks to the card; raises ConfigError where there is no card to speak to."""
    try:
        from numba import cuda as module
    except ImportError as error:
        raise ConfigError(NO_CARD) from error
    card: Any = module  # without types
    if not card.is_available():
        raise ConfigError(NO_CARD)
    return card


def card_name() -> str:
    """Which card there is; empty where there is none."""
    try:
        return str(cuda().get_current_device().name)
    except ConfigError:
        return ""


def fall_on_card(
    state: FloatArray,
    ln_beta: FloatArray,
    push: FloatArray,
    ground: Ground,
    air: FloatArray,
    drag: FloatArray,
    earth: Earth = WGS84,
) -> Any:
    """`fall`, on the card: takes and means the same, any of it an array of the card's too.

    returns : (n, 7) array of the card's; `copy_to_host` brings it here
    raises  : ConfigError where there is no card
    """
    world = World(
        ground._replace(height_m=_on_card(ground.height_m)),
        _on_card(air),
        _on_card(drag),
        earth,
    )
    out = cuda().device_array((len(state), 7))
    if blocks := -(-len(state) // THREADS):
        bodies = _on_card(state), _on_card(ln_beta), _on_card(push)
        _thread()[blocks, THREADS](*bodies, world, out)
    return out


def _on_card(array: Any) -> Any:
    """The array there; one that is there already is taken as it is."""
    if isinstance(array, np.ndarray):
        array = np.ascontiguousarray(array)
    return cuda().to_device(array)


@cache
def _thread() -> Any:
    """What each thread does, compiled for the card."""
    card = cuda()

    def thread(
        state: FloatArray,
        ln_beta: FloatArray,
        push: FloatArray,
        world: World,
        out: FloatArray,
    ) -> None:
        i = card.grid(1)
        if i < len(out):
            fly_row(state, ln_beta, push, world, i, out)

    return card.jit(thread)
