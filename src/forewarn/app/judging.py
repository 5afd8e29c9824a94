"""What `forewarn score` judges: run folders, with the site and recording they name."""

from collections.abc import Sequence
from pathlib import Path

from forewarn.errors import ConfigError
from forewarn.files import Run, read_run, read_sensors, read_site, read_truth
from forewarn.records import Sensor, Zones
from forewarn.score import Judged, judge
from forewarn.score.reading import make_case, read_evidence


def judge_run(out: Path, truth: Path) -> Judged:
    """A run folder, judged; site and recording are those its summary names."""
    from forewarn.app.assembly import site_zones

    run: Run = read_run(out)
    for key in ("site_file", "recording"):
        if not Path(run.summary.get(key, "")).exists() or key not in run.summary:
            raise ConfigError(
                f"{out / 'summary.json'}: {key} is {run.summary.get(key)!r}, which is not "
                "here; replay the recording again where both are"
            )
    zones = site_zones(read_site(Path(run.summary["site_file"])))
    if zones.version != run.summary["zones_version"]:
        raise ConfigError(
            f"{out}: was made with zones {run.summary['zones_version']}, the site has "
            f"{zones.version}; replay it again"
        )
    sensors = read_sensors(Path(run.summary["recording"]) / "sensors.toml")
    return judged(out.name, run, truth, zones, sensors)


def judged(
    name: str, run: Run, truth: Path, zones: Zones, sensors: Sequence[Sensor]
) -> Judged:
    """A run beside the truth."""
    until_s = float(run.summary["until_s"])
    case = make_case(name, read_truth(truth), zones, sensors, run.alerts, until_s)
    return judge(case, evidence=read_evidence(run, zones))
