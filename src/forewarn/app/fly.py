"""`forewarn fly`: one body flown to the ground, for check cases and analysts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer


@dataclass(frozen=True, slots=True)
class BodyKeys:
    """[body] of a case file: where it is, how it moves, how heavy it is for its size."""

    lat_deg: float
    lon_deg: float
    height_m: float
    ve_mps: float
    vn_mps: float
    vu_mps: float
    beta_kgpm2: float
    ground_m: float = 0.0


def fly(
    case: Annotated[Path, typer.Argument(help="TOML with [body] and perhaps [wind]")],
) -> None:
    """Fly one object forward to the ground; says when, where and how fast."""
    import numpy as np

    from forewarn.atmosphere import standard_air, with_wind
    from forewarn.dynamics import drag_table
    from forewarn.errors import ConfigError
    from forewarn.files import fill, read_toml
    from forewarn.files.site import WindKeys
    from forewarn.flight import fall
    from forewarn.geodesy import ecef_from_geographic, enu_from_ecef, geographic_from_ecef
    from forewarn.units import DEG_PER_RAD, RAD_PER_DEG

    tables = read_toml(case)
    body = fill(BodyKeys, tables.get("body", {}), f"{case}: [body]")
    wind = fill(WindKeys, tables.get("wind", {}), f"{case}: [wind]")
    air = standard_air()
    if wind.height_m:
        blow = np.stack([wind.east_mps, wind.north_mps], axis=1)
        air = with_wind(air, np.array(wind.height_m), blow)
    lat, lon = body.lat_deg * RAD_PER_DEG, body.lon_deg * RAD_PER_DEG
    vel = np.array([body.ve_mps, body.vn_mps, body.vu_mps]) @ enu_from_ecef(lat, lon)
    state = np.array([*ecef_from_geographic(lat, lon, body.height_m), *vel])
    ln_beta = np.array([np.log(body.beta_kgpm2)])
    landed = fall(state[None], ln_beta, np.zeros((1, 2)), body.ground_m, air, drag_table())[
        0
    ]
    if np.isnan(landed[0]):
        raise ConfigError(f"{case}: it does not come down")
    lat, lon, height = geographic_from_ecef(*landed[1:4])
    print(f"seconds    {landed[0]:.3f}")
    print(f"lat_deg    {lat * DEG_PER_RAD:.7f}")
    print(f"lon_deg    {lon * DEG_PER_RAD:.7f}")
    print(f"height_m   {height:.2f}")
    print(f"speed_mps  {np.linalg.norm(landed[4:]):.1f}")
