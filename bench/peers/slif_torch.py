"""
slif_torch.py forward|gradient euler|levy PATHS STEPS DT THREADS: PyTorch in float32, all paths side by side. Events are
located within the step; the gradient is exact, by the current of the mean of the first three spike times: event times are
differentiated by the implicit function theorem, everything else by autograd.
"""

import sys

from peer import absent, mean_and_error, of_spikes, serve
from slif import *

try:
    import torch
except ImportError as error:
    absent(error)

task, method, paths, steps, dt, threads = (
    sys.argv[1],
    sys.argv[2],
    int(sys.argv[3]),
    int(sys.argv[4]),
    float(sys.argv[5]),
    int(sys.argv[6]),
)
torch.set_num_threads(threads)


def hazard(v):
    return torch.exp(torch.clamp(beta * (v - threshold), max=10 * beta))


def surface(n):
    return torch.log1p(-torch.rand(n)) - alpha


def driver():
    """The noise of a step: along a line, along a parabola, and at its end."""
    z = torch.randn(paths)
    if method == "euler":
        return torch.zeros(1), torch.zeros(1), sigma * dt**0.5 * z
    return sigma * dt**-0.5 * z, sigma * 6 * (dt / 12) ** 0.5 / dt**2 * torch.randn(paths), 0.0


def flow(x, at, c, line, arc):
    return mu1 * (c - x) + line + arc * (dt - 2 * at)


# Where stages read the slope of the path: additivePlaces of shaders/substep/tableau.ts.
places = ((3 - 3**0.5) / 12, (3 + 3**0.5) / 12, 1 / 2, (15 - 3**0.5) / 12)


def advance(v, s, at, h, c, line, arc):
    if method == "euler":
        return v + mu1 * (c - v) * h, s + hazard(v) * h
    k1, l1 = flow(v, at + places[0] * h, c, line, arc), hazard(v)
    v2 = v + h / 2 * k1
    k2, l2 = flow(v2, at + places[1] * h, c, line, arc), hazard(v2)
    v3 = v + h / 2 * k2
    k3, l3 = flow(v3, at + places[2] * h, c, line, arc), hazard(v3)
    v4 = v + h * k3
    k4, l4 = flow(v4, at + places[3] * h, c, line, arc), hazard(v4)
    return v + h / 6 * (k1 + 2 * (k2 + k3) + k4), s + h / 6 * (l1 + 2 * (l2 + l3) + l4)


def located(v, s, end_v, at, c, line, arc):
    """Place of the event after `at`, and the state there, with their derivatives."""
    if method == "euler":
        place = -s / hazard(v)
        return place, v + mu1 * (c - v) * place
    with torch.no_grad():
        rest, rate = dt - at, hazard(v)
        curve = 0.5 * (hazard(end_v) - rate) / rest
        discriminant = torch.clamp(rate * rate - 4 * curve * s, min=0)
        guess = torch.minimum((-2 * s / (rate + torch.sqrt(discriminant))).clamp(min=0), rest)
        for _ in range(2):
            x, e = advance(v, s, at, guess, c, line, arc)
            guess = torch.minimum((guess - e / hazard(x)).clamp(min=0), rest)
    x, e = advance(v, s, at, guess, c, line, arc)
    place = guess - (e - e.detach()) / hazard(x).detach()
    return place, x + flow(x, at + guess, c, line, arc).detach() * (place - guess)


@torch.no_grad()
def forward(seed):
    torch.manual_seed(seed)
    c = torch.tensor(current)
    times = torch.full((paths, slots), steps * dt)
    counts = torch.zeros(paths, dtype=torch.long)
    v, s = torch.zeros(paths), surface(paths)
    for n in range(steps):
        line, arc, kick = driver()
        next_v, next_s = advance(v, s, torch.zeros(1), dt, c, line, arc)
        fires = torch.nonzero(next_s >= 0)[:, 0]
        at = torch.zeros(len(fires))
        while len(fires):
            own = (line[fires], arc[fires]) if method == "levy" else (line, arc)
            place, there = located(v[fires], s[fires], next_v[fires], at, c, *own)
            at = at + place
            times[fires, torch.clamp(counts[fires], max=slots - 1)] = n * dt + at
            counts[fires] += 1
            v[fires], s[fires] = there - reset, surface(len(fires))
            end_v, end_s = advance(v[fires], s[fires], at, dt - at, c, *own)
            next_v[fires], next_s[fires] = end_v, end_s
            again = end_s >= 0
            fires, at = fires[again], at[again]
        v, s = next_v + kick, next_s
    return times.numpy(), counts.numpy()


def value(c):
    """The mean of the first three spike times of each path; it stops when all have them."""
    end = steps * dt
    times = [torch.full((paths,), end) for _ in range(3)]
    count = torch.zeros(paths, dtype=torch.long)
    v, s = torch.zeros(paths), surface(paths)
    for n in range(steps):
        line, arc, kick = driver()
        at = torch.zeros(paths)
        next_v, next_s = advance(v, s, at, dt, c, line, arc)
        fires = (next_s >= 0) & (count < 3)
        while fires.any():
            place, there = located(v, s, next_v, at, c, line, arc)
            at = torch.where(fires, at + place, at)
            times = [torch.where(fires & (count == k), n * dt + at, t) for k, t in enumerate(times)]
            count = count + fires
            v = torch.where(fires, there - reset, v)
            s = torch.where(fires, surface(paths), s)
            end_v, end_s = advance(v, s, at, dt - at, c, line, arc)
            next_v, next_s = torch.where(fires, end_v, next_v), torch.where(fires, end_s, next_s)
            fires = fires & (next_s >= 0) & (count < 3)
        v, s = next_v + kick, next_s
        if n % 8 == 7 and bool((count >= 3).all()):
            break
    return sum(times) / 3


def gradient(seed):
    torch.manual_seed(seed)
    c = torch.tensor(current, requires_grad=True)
    values = value(c)
    values.mean().backward()
    return values.detach().numpy(), float(c.grad)


def checked(result):
    gradients = [result[1]] + [gradient(1000 + k)[1] for k in range(7)]
    return {"means": [mean_and_error(result[0])], "gradient": mean_and_error(gradients)}


if task == "forward":
    serve(f"PyTorch {torch.__version__}", forward, lambda result: of_spikes(*result, steps * dt))
else:
    serve(f"PyTorch {torch.__version__}", gradient, checked)
