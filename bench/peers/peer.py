"""How peers speak with `npm run bench -- peers`, one process each: a line with what was solved, by which it is checked;
then, for each line that it is given, one more solve and a line with its seconds. A peer whose packages are missing says
so in one line and ends."""

import json
import sys
import time


def absent(reason):
    print(json.dumps({"absent": str(reason)}), flush=True)
    sys.exit(0)


def mean_and_error(values):
    import numpy as np

    values = np.asarray(values, float)
    return [float(values.mean()), float(values.std() / np.sqrt(len(values)))]


def of_spikes(times, counts, end):
    """Mean count and mean times of the first three spikes of all paths, the end where absent, each with its error."""
    import numpy as np

    first = [mean_and_error(np.where(counts > k, times[:, k], end)) for k in range(3)]
    return {"means": [mean_and_error(counts), *first]}


def serve(version, run, check, seconds_of=lambda result: None):
    """
    run(seed) solves; check(result) gives what is compared; seconds_of(result) the seconds of its clock and of its processor,
    where ours would count other things (processes started anew).
    """
    print(json.dumps({"version": version, **check(run(0))}), flush=True)
    for seed, _ in enumerate(sys.stdin, 1):
        began, used = time.perf_counter(), time.process_time()
        result = run(seed)
        seconds, processor = time.perf_counter() - began, time.process_time() - used
        seconds, processor = seconds_of(result) or (seconds, processor)
        print(json.dumps({"seconds": seconds, "processor": processor}), flush=True)
