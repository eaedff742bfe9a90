"""
network_torch.py forward|gradient EDGES PATHS STEPS DT THREADS: the layered network of 4, 16 and 2 neurons, PyTorch in
float32, `euler`. Events are located within the step and differentiated by the implicit function theorem; spikes arrive to
first order in what is left of the step. The gradient is that of the mean time of first spikes of the outputs, by all
weights.
"""

import sys

from network import *
from peer import absent, mean_and_error, serve

try:
    import torch
except ImportError as error:
    absent(error)

task, paths, steps, dt, threads = sys.argv[1], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), int(sys.argv[6])
torch.set_num_threads(threads)
neurons = 22
senders, targets, given = edges(sys.argv[2])
senders, targets = torch.tensor(senders), torch.tensor(targets)
current = torch.tensor([1.5] * 4 + [0.0] * 18)


def hazard(v):
    return torch.exp(torch.clamp(beta * (v - threshold), max=10 * beta))


def surface():
    return torch.log1p(-torch.rand(paths, neurons)) - alpha


def solve(weights):
    matrix = torch.zeros(neurons, neurons).index_put((senders, targets), weights)
    v, i, s = torch.full((paths, neurons), v0), torch.full((paths, neurons), i0), surface()
    first = torch.full((paths, neurons), steps * dt)
    fired = torch.zeros(paths, neurons, dtype=torch.bool)
    count = torch.zeros(paths, neurons)
    for n in range(steps):
        slope, rate = mu1 * (i + current - v), hazard(v)
        next_v, next_i, next_s = v + slope * dt, i - mu2 * i * dt, s + rate * dt
        fires = next_s >= 0
        if fires.any():
            place = (-s / rate).clamp(min=0)
            left = dt - place
            there_v, there_i = v + slope * place - reset, i - mu2 * i * place
            next_v = torch.where(fires, there_v + mu1 * (there_i + current - there_v) * left, next_v)
            next_i = torch.where(fires, there_i - mu2 * there_i * left, next_i)
            next_s = torch.where(fires, surface() + hazard(there_v) * left, next_s)
            sent = fires.float() @ matrix
            since = torch.where(fires, left, torch.zeros(())) @ matrix
            next_i = next_i + sent - mu2 * since
            next_v = next_v + mu1 * since
            first = torch.where(fires & ~fired, n * dt + place, first)
            fired = fired | fires
            count = count + fires
        kick = noise * dt**0.5
        v, i, s = next_v + kick * torch.randn(paths, neurons), next_i + kick * torch.randn(paths, neurons), next_s
    return first, count


def forward(seed):
    torch.manual_seed(seed)
    with torch.no_grad():
        return solve(torch.tensor(given))


def gradient(seed):
    torch.manual_seed(seed)
    weights = torch.tensor(given, requires_grad=True)
    first, count = solve(weights)
    first[:, 20:].mean().backward()
    return first.detach(), count


def checked(result):
    first, count = result
    return {"means": [mean_and_error(count.sum(1).numpy()), mean_and_error(first[:, 20].numpy())]}


serve(f"PyTorch {torch.__version__}", forward if task == "forward" else gradient, checked)
