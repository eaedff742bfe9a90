"""The parameters of the neuron of `slif` in all peers, without synaptic current, and its hazard."""

mu1, beta, threshold, reset, alpha, sigma, current = 15.0, 5.0, 1.0, 1.4, 0.03, 0.25, 1.5
slots = 64  # spikes of a path that are kept
