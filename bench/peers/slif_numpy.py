"""slif_numpy.py euler|levy PATHS STEPS DT: NumPy in float32, all paths side by side, events located within the step."""

import sys

from peer import absent, of_spikes, serve
from slif import *

try:
    import numpy as np
except ImportError as error:
    absent(error)

method, paths, steps, dt = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
f = np.float32


def hazard(v):
    return np.exp(np.minimum(f(beta) * (v - f(threshold)), f(10 * beta)))


# Where stages read the slope of the path: additivePlaces of shaders/substep/tableau.ts.
places = [f(p) for p in ((3 - 3**0.5) / 12, (3 + 3**0.5) / 12, 1 / 2, (15 - 3**0.5) / 12)]


def run(seed):
    random = np.random.default_rng(seed)
    surface = lambda n: np.log1p(-random.random(n, f)) - f(alpha)
    times = np.full((paths, slots), f(steps * dt))
    counts = np.zeros(paths, np.int64)
    v, s = np.zeros(paths, f), surface(paths)
    kick = f(sigma * np.sqrt(dt))
    for n in range(steps):
        z = random.standard_normal(paths, f)
        if method == "levy":
            line = z * (kick / f(dt))
            arc = random.standard_normal(paths, f) * f(sigma * 6 * np.sqrt(dt / 12) / dt**2)
        else:
            line = arc = np.zeros(1, f)

        def flow(x, at, line, arc):
            return f(mu1) * (f(current) - x) + line + arc * (f(dt) - 2 * at)

        def advance(v, s, at, h, line, arc):
            if method == "euler":
                return v + f(mu1) * (f(current) - v) * h, s + hazard(v) * h
            k1, l1 = flow(v, at + places[0] * h, line, arc), hazard(v)
            v2 = v + h / 2 * k1
            k2, l2 = flow(v2, at + places[1] * h, line, arc), hazard(v2)
            v3 = v + h / 2 * k2
            k3, l3 = flow(v3, at + places[2] * h, line, arc), hazard(v3)
            v4 = v + h * k3
            k4, l4 = flow(v4, at + places[3] * h, line, arc), hazard(v4)
            return v + h / 6 * (k1 + 2 * (k2 + k3) + k4), s + h / 6 * (l1 + 2 * (l2 + l3) + l4)

        next_v, next_s = advance(v, s, f(0), f(dt), line, arc)
        fires = np.nonzero(next_s >= 0)[0]
        at = np.zeros(len(fires), f)
        while len(fires):
            vi, si, rest = v[fires], s[fires], f(dt) - at
            own = (line[fires], arc[fires]) if method == "levy" else (line, arc)
            rate = hazard(vi)
            if method == "euler":
                place = -si / rate
                there = advance(vi, si, at, place, *own)[0]
            else:
                curve = f(0.5) * (hazard(next_v[fires]) - rate) / rest
                discriminant = np.maximum(rate * rate - 4 * curve * si, 0)
                place = np.clip(-2 * si / (rate + np.sqrt(discriminant)), 0, rest)
                for _ in range(2):
                    there, e = advance(vi, si, at, place, *own)
                    better = np.clip(place - e / hazard(there), 0, rest)
                    there = there + flow(there, at + place, *own) * (better - place)
                    place = better
            at = at + place
            times[fires, np.minimum(counts[fires], slots - 1)] = n * f(dt) + at
            counts[fires] += 1
            v[fires], s[fires] = there - f(reset), surface(len(fires))
            end_v, end_s = advance(v[fires], s[fires], at, f(dt) - at, *own)
            next_v[fires], next_s[fires] = end_v, end_s
            again = end_s >= 0
            fires, at = fires[again], at[again]
        v, s = next_v, next_s
        if method == "euler":
            v = v + kick * z
    return times, counts


serve(f"NumPy {np.__version__}", run, lambda result: of_spikes(*result, steps * dt))
