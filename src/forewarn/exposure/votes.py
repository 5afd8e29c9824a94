"""The votes of futures: how probably, and when, each comes down within reach of people."""

from math import erfc, sqrt

import numpy as np

from forewarn.compiled import inner_kernel, kernel
from forewarn.cores import shared_out
from forewarn.exposure.index import CELL_RAD, Grid, PointIndex
from forewarn.geodesy import EARTH_A_M, EARTH_E2, FloatArray
from forewarn.records import Forecasts, IntArray

REACH_SIGMAS = 4.5  # from a future: nobody further out hears of it,
SILENT = 1e-8  # nor who would hear of less than this
FLOOR = 1e-7  # pairs below this are not worth a row
LEAST_SHARED, PARTS = 8, 6  # threats whose votes are worth a second core, in so many jobs
NEAR_S, NEAR_SHARE = 0.1, 0.05  # to which times are told, and shares that have come by them
SQRT_HALF = sqrt(0.5)
EULER = 0.5772156649015329
MOST_Q = 1.9999  # as of a future that is a point
ALIKE = 1e-4  # share of the variances by which what goes with them may be off
MOST_SIGMAS = 5.2  # beyond it less than FLOOR of a normal distribution is left
LOGISTIC = 1.79  # at which the logistic has the 5 % quantile of the normal distribution


def votes(
    forecasts: Forecasts, threats: IntArray, index: PointIndex
) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows (zone, threat, [p, 5 % quantile and median of the time]) of some threats.

    The vote of a future for a person is the probability of the disc of harmful radius
    around them: 1 - exp(-q), where q is a Gaussian of the shape of the future blurred by
    the disc, C + R2/4. Its height is that which is exact at the centre of a round future,
    and its width such that the votes of people everywhere add up to the area of the disc.
    Further out it is no less than pi R2 N(0; d, C + R2/4), which falls off less steeply.
    None has an edge as the disc has one: the vote of a future narrower than the disc is
    never more than what lies on the near side of a line that touches it.
    """

    def counted(own: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
        return _vote(
            own,
            forecasts.start,
            forecasts.weight,
            forecasts.place_rad,
            forecasts.cov_m2,
            forecasts.time_s,
            forecasts.slope_spm,
            forecasts.sigma_time_s,
            forecasts.harmful_m,
            index.points,
            index.zones,
            index.widest_m,
            index.count,
        )

    futures = np.cumsum(forecasts.start[threats + 1] - forecasts.start[threats])
    parts = PARTS if len(threats) >= LEAST_SHARED else 1
    shares = np.arange(1, parts) / parts * futures[-1:]
    jobs = np.split(threats, np.searchsorted(futures, shares))
    zone, threat, rows = zip(*shared_out(counted, jobs), strict=True)
    return np.concatenate(zone), np.concatenate(threat), np.concatenate(rows)


@inner_kernel
def _some(q: float) -> float:
    """1 - exp(-q): by the series where that is as good."""
    if q < 0.01:
        return q * (1.0 - q * (0.5 - q * (1.0 / 6.0 - q / 24.0)))
    return float(1.0 - np.exp(-q))


@inner_kernel
def _whole(q: float) -> float:
    """Integral of (1 - exp(-t)) / t from 0 to q, to 1e-4.

    Source: NIST Digital Library of Mathematical Functions, 6.6.4, and from 2.5 on 6.2(i)
    with the continued fraction 6.9.1 of E1.
    """
    if q < 2.5:
        total, term = q, q
        for k in range(2, 14):
            term *= -q / k
            total += term / k
        return total
    rest = np.exp(-q) / (q + 1.0 / (1.0 + 1.0 / (q + 2.0 / (1.0 + 2.0 / q))))
    return float(EULER + np.log(q) + rest)


@inner_kernel
def _shaped(q: float) -> tuple[float, float, float]:
    """Height of a vote's exponent at its centre, how much steeper it falls off than the
    future blurred by the disc, and the squared sigmas of that where it has fallen below it.

    q : pi R2 N(0; 0, C + R2/4), which is below 2

    In a round future of variance v the disc at its centre holds 1 - exp(-R2 / 2v), and q
    is R2 / (2v + R2/2). With exponent h exp(-s d2 / 2), votes add up to `_whole` of h over
    s q, as a share of the area of the disc.
    """
    over = 1.0 / (1.0 - 0.5 * min(q, MOST_Q))
    steep = _whole(over * q) / q
    return over * q, steep, 2.0 * np.log(over) / max(steep - 1.0, 1e-9)


@inner_kernel
def _beyond(
    cov: FloatArray, sigma_m: float, east: float, north: float, harmful_m: float
) -> float:
    """Probability that a future lies on the near side of a line that touches the disc of
    harmful radius: the disc lies there too, so it has no more.

    east, north : of people, spread by sigma_m, from the middle of the future

    Of two lines, across the way to them and across where the future falls off, the one
    that is further out.
    """
    away2 = east * east + north * north
    if away2 <= harmful_m * harmful_m:
        return 1.0
    ee, nn, en = cov[0] + sigma_m * sigma_m, cov[2] + sigma_m * sigma_m, cov[1]
    along2 = (ee * east * east + 2 * en * east * north + nn * north * north) / away2
    sigmas = (np.sqrt(away2) - harmful_m) / np.sqrt(along2)
    per_det = 1.0 / (ee * nn - en * en)
    steep_e = (nn * east - en * north) * per_det
    steep_n = (ee * north - en * east) * per_det
    far = np.sqrt(steep_e * east + steep_n * north)
    steep = np.sqrt(steep_e * steep_e + steep_n * steep_n)
    sigmas = max(sigmas, far - harmful_m * steep / far)
    return 0.5 * erfc(sigmas * SQRT_HALF) if sigmas < MOST_SIGMAS else 0.0


@inner_kernel
def _across(
    low: float, high: float, ee: float, en: float, nn: float, reach2: float
) -> tuple[float, float]:
    """How far west and east of its middle an ellipse reaches, m, between two latitudes.

    low, high  : m north of its middle, both within it
    ee, en, nn : covariance of the Gaussian, reach2 : squared, of how many sigmas
    """
    lean, thin2 = en / nn, ee - en * en / nn
    tilt = en * np.sqrt(reach2 / ee)  # as far north the easternmost point lies
    north = min(max(-tilt, low), high)
    left = lean * north - np.sqrt(max(thin2 * (reach2 - north * north / nn), 0.0))
    north = min(max(tilt, low), high)
    right = lean * north + np.sqrt(max(thin2 * (reach2 - north * north / nn), 0.0))
    return left, right


@inner_kernel
def _voice(
    weight: float,
    place: FloatArray,
    cov: FloatArray,
    time_s: float,
    slope: FloatArray,
    narrow_m: float,
    harmful_m: float,
    grid: Grid,
    sums: FloatArray,
    touched: IntArray,
) -> int:
    """Add one future's votes to `sums`, (zone, [p, p dt, p dt2, p s2]); returns how many
    zones it touched.

    narrow_m : the smaller standard deviation of the future, or up to 0.3 of it less; where
               that is wider than the disc, no line tells more than the Gaussian
    dt : how much later than time_s the future would come down near a zone's people
    s2 : variance of when it comes down within reach of them
    """
    spot, zone, share, sigma, start, origin, shape, widest_m = grid
    sin2 = np.sin(place[0]) ** 2
    squeeze = 1 - EARTH_E2 * sin2
    per_lat = EARTH_A_M * (1 - EARTH_E2) / (squeeze * np.sqrt(squeeze))
    per_lon = EARTH_A_M / np.sqrt(squeeze) * np.cos(place[0])
    disc = harmful_m * harmful_m / 4.0
    along_e = cov[0] * slope[0] + cov[1] * slope[1]
    along_n = cov[1] * slope[0] + cov[2] * slope[1]
    # the ellipse beyond which nobody hears of it, however widely they are spread
    top = 0.5 * harmful_m * harmful_m
    top /= np.sqrt((cov[0] + disc) * (cov[2] + disc) - cov[1] * cov[1])
    loud = 2.0 * np.log(max(weight * top / SILENT, 1.0))
    reach2 = min(REACH_SIGMAS * REACH_SIGMAS, loud)
    wide_e, wide_n = cov[0] + disc + widest_m**2, cov[2] + disc + widest_m**2
    reach_n = np.sqrt(reach2 * wide_n)
    row_m, col_m = CELL_RAD * per_lat, CELL_RAD * per_lon
    south = (origin[0] - place[0]) * per_lat  # of the grid
    west = (origin[1] - place[1]) * per_lon
    row_0 = max(int(np.floor((-reach_n - south) / row_m)), 0)
    row_1 = min(int(np.floor((reach_n - south) / row_m)), shape[0] - 1)
    count = 0
    alike, known = ALIKE * (narrow_m * narrow_m + disc), -np.inf
    ee, nn, per_det = 0.0, 0.0, 0.0
    peak, height, steep, inner = 0.0, 0.0, 1.0, 0.0
    later_e, later_n, open_s2 = 0.0, 0.0, 0.0
    for row in range(row_0, row_1 + 1):
        low = max(south + row * row_m, -reach_n)
        high = min(south + (row + 1) * row_m, reach_n)
        left, right = _across(low, high, wide_e, cov[1], wide_n, reach2)
        col_0 = max(int(np.floor((left - west) / col_m)), 0)
        col_1 = min(int(np.floor((right - west) / col_m)), shape[1] - 1)
        if col_1 < col_0:
            continue
        for i in range(start[row * shape[1] + col_0], start[row * shape[1] + col_1 + 1]):
            wide = disc + sigma[i] * sigma[i]
            if abs(wide - known) > alike:  # most people are spread as those before them
                known = wide
                ee, nn = cov[0] + wide, cov[2] + wide
                per_det = 1.0 / (ee * nn - cov[1] * cov[1])
                peak = 0.5 * harmful_m * harmful_m * np.sqrt(per_det)
                height, steep, inner = _shaped(peak)
                # where the time depends on the place, it is that of the place within reach
                # of both: the mean of the future given that it comes down near this point
                later_e = (along_e * nn - along_n * cov[1]) * per_det
                later_n = (along_n * ee - along_e * cov[1]) * per_det
                # and of that place what is still open: less than of the future itself, and
                # as much as the disc is wide where the future is wider
                open_s2 = along_e * (slope[0] - later_e) + along_n * (slope[1] - later_n)
            east = (spot[i, 1] - place[1]) * per_lon
            north = (spot[i, 0] - place[0]) * per_lat
            away = nn * east * east - 2 * cov[1] * east * north + ee * north * north
            away *= per_det
            if away > reach2:
                continue
            if away < inner:
                near = _some(height * np.exp(-0.5 * steep * away))
            else:
                near = _some(peak * np.exp(-0.5 * away))
            if narrow_m < harmful_m:
                near = min(near, _beyond(cov, sigma[i], east, north, harmful_m))
            if near == 0.0:
                continue
            p = weight * share[i] * near
            dt = later_e * east + later_n * north
            z = zone[i]
            if sums[z, 0] == 0.0 and p > 0.0:
                touched[count] = z
                count += 1
            sums[z, 0] += p
            sums[z, 1] += p * dt
            sums[z, 2] += p * dt * dt
            sums[z, 3] += p * max(open_s2, 0.0)
    return count


@inner_kernel
def _early(parts: FloatArray, first: int, links: IntArray, p: float, share: float) -> float:
    """Time by which `share` of a zone's probability p has come down.

    parts : (k, 3) probability, mean and standard deviation of the time of each future
    links : (k,) the zone's next one after each, from `first` on; -1 = no more
    """
    low, high, when = np.inf, -np.inf, 0.0
    sigmas = np.log(share / (1.0 - share)) / LOGISTIC
    k = first
    while k >= 0:
        low = min(low, parts[k, 1] - 4.0 * parts[k, 2])
        high = max(high, parts[k, 1] + 4.0 * parts[k, 2])
        when += parts[k, 0] * (parts[k, 1] + sigmas * parts[k, 2])
        k = links[k]
    when /= p  # exact where one future speaks; Newton's method from there
    while high - low > NEAR_S:
        by, slope = 0.0, 0.0
        k = first
        while k >= 0:
            steep = LOGISTIC / max(parts[k, 2], 1e-3)
            later = np.exp(steep * (parts[k, 1] - when))
            come = parts[k, 0] / (1.0 + later)
            by += come
            slope += come * steep * (1.0 - 1.0 / (1.0 + later))
            k = links[k]
        low, high = (when, high) if by < share * p else (low, when)
        short = share * p - by
        better = when + short / slope
        near = abs(better - when) < 0.25 * NEAR_S and abs(short) < NEAR_SHARE * share * p
        if near and low <= better <= high:
            return better
        when = better if low < better < high else 0.5 * (low + high)
    return 0.5 * (low + high)


@kernel
def _vote(
    threats: IntArray,
    start: IntArray,
    weight: FloatArray,
    place: FloatArray,
    cov: FloatArray,
    time_s: FloatArray,
    slope: FloatArray,
    sigma_time_s: FloatArray,
    harmful_m: FloatArray,
    points: Grid,
    zones: Grid,
    widest_m: float,
    zone_count: int,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows (zone, threat, [p, early, median]) of all pairs above FLOOR."""
    sums = np.zeros((zone_count, 4))
    touched = np.empty(zone_count, np.int64)  # by one future
    reached = np.empty(zone_count, np.int64)  # by one threat
    total = np.zeros(zone_count)
    first = np.full(zone_count, -1, np.int64)
    parts, links = np.empty((1024, 3)), np.empty(1024, np.int64)
    room = 1024
    out_zone = np.empty(room, np.int64)
    out_threat = np.empty(room, np.int64)
    out = np.empty((room, 3))
    filled = 0
    for threat in threats:
        count = used = 0
        for k in range(start[threat], start[threat + 1]):
            det = cov[k, 0] * cov[k, 2] - cov[k, 1] * cov[k, 1]
            along_e = cov[k, 0] * slope[k, 0] + cov[k, 1] * slope[k, 1]
            along_n = cov[k, 1] * slope[k, 0] + cov[k, 2] * slope[k, 1]
            whole_s2 = along_e * slope[k, 0] + along_n * slope[k, 1]
            narrow = np.sqrt(max(det, 0.0) / max(cov[k, 0] + cov[k, 2], 1.0))
            grid = zones if narrow > 2.0 * widest_m else points
            heard = _voice(
                weight[k],
                place[k],
                cov[k],
                time_s[k],
                slope[k],
                narrow,
                harmful_m[threat],
                grid,
                sums,
                touched,
            )
            if used + heard > len(links):
                wider = np.empty((2 * (used + heard), 3))
                wider[:used] = parts[:used]
                longer = np.empty(2 * (used + heard), np.int64)
                longer[:used] = links[:used]
                parts, links = wider, longer
            for j in range(heard):
                z = touched[j]
                p = sums[z, 0]
                mean = sums[z, 1] / p
                # a zone is hit with the first of its people: what harms any of them may
                # come down on the zone widened by the disc, and widths add, not squares.
                # The less so, the nearer the future itself is to being as narrow
                among2 = max(sums[z, 2] / p - mean * mean, 0.0)
                within2 = sums[z, 3] / p
                wide = 1.0 - min((among2 + within2) / max(whole_s2, 1e-9), 1.0)
                spread = among2 + within2 + 2.0 * wide * np.sqrt(among2 * within2)
                if first[z] < 0:
                    reached[count] = z
                    count += 1
                total[z] += p
                parts[used, 0] = p
                parts[used, 1] = time_s[k] + mean
                parts[used, 2] = np.sqrt(spread + sigma_time_s[k] * sigma_time_s[k])
                links[used] = first[z]
                first[z] = used
                used += 1
                sums[z] = 0.0
        for j in range(count):
            z = reached[j]
            p = total[z]
            if p > FLOOR:
                if filled == room:
                    room *= 2
                    wider_zone = np.empty(room, np.int64)
                    wider_threat = np.empty(room, np.int64)
                    more = np.empty((room, 3))
                    wider_zone[:filled] = out_zone
                    wider_threat[:filled] = out_threat
                    more[:filled] = out
                    out_zone, out_threat, out = wider_zone, wider_threat, more
                out_zone[filled] = z
                out_threat[filled] = threat
                out[filled, 0] = p
                out[filled, 1] = _early(parts, first[z], links, p, 0.05)
                out[filled, 2] = _early(parts, first[z], links, p, 0.5)
                filled += 1
            total[z] = 0.0
            first[z] = -1
    return out_zone[:filled], out_threat[:filled], out[:filled]
