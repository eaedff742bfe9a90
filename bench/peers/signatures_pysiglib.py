"""
signatures_pysiglib.py TASK FOLDER THREADS: pySigLib in float64 on the paths of FOLDER (files of float64, see bench/peers.ts).
TASK: gram, mmd, pair, signature or backward.
"""

import os
import sys

from peer import absent, serve

try:
    import numpy as np
    import pysiglib
    import pysiglib.torch_api as with_torch
    import torch
except ImportError as error:
    absent(error)

task, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)


def read(name, *shape):
    return np.fromfile(os.path.join(folder, name)).reshape(shape)


x, y = read("x", *map(int, sys.argv[4].split("x"))), read("y", *map(int, sys.argv[4].split("x")))
tx, ty = torch.tensor(x), torch.tensor(y)


def mmd():
    by = torch.tensor(x, requires_grad=True)
    value = with_torch.sig_mmd(by, ty, 0, n_jobs=threads)
    value.backward()
    return [float(value.detach())]


signature = pysiglib.sig(x, 4, n_jobs=threads) if task in ("signature", "backward") else None
cotangent = np.ones_like(signature) if task == "backward" else None
tasks = {
    "gram": lambda: np.ravel(pysiglib.sig_kernel_gram(tx, ty, 0, n_jobs=threads)),
    "mmd": mmd,
    "pair": lambda: np.ravel(pysiglib.sig_kernel(tx, ty, 0, n_jobs=threads)),
    "signature": lambda: np.ravel(pysiglib.sig(x, 4, n_jobs=threads))[-8:],
    "backward": lambda: np.ravel(pysiglib.sig_backprop(x, signature, cotangent, 4, n_jobs=threads)),
}


serve(f"pySigLib {pysiglib.__version__}", lambda seed: tasks[task](), lambda r: {"values": [float(v) for v in r[:8]]})
