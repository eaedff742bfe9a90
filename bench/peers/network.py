"""What peers of networks are given: edges.json, a list of [from, to, weight], and the paper's parameters."""

import json
import sys

mu1, mu2, noise, beta, threshold, reset, alpha, v0, i0 = 6.0, 5.0, 0.25, 5.0, 1.0, 1.2, 0.03, 1.1, 0.6


def edges(file):
    with open(file) as text:
        listed = json.load(text)
    return [e[0] for e in listed], [e[1] for e in listed], [e[2] for e in listed]
