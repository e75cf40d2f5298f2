"""Write golden/*.npz, what PyTorch computes, for machines without it: `python tests/make_golden.py`."""

from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch_reference import in_torch, random_case

from minilstm.io.npz import write_npz

GOLDEN = Path(__file__).parent / "golden"
CASES = [  # layers, steps, batch, gain
    (1, 1, 1, 1),
    (1, 12, 7, 3),
    (2, 200, 1, 3),
    (2, 24, 3, 1),
    (3, 20, 3, 3),
    (3, 40, 1, 1),
]
D, H = 4, 5

if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for number, (case, dtype) in enumerate(product(CASES, ("float64", "float32"))):
        layers, steps, batch, gain = case
        tensors, x, h_0, C_0 = random_case(np.random.default_rng(number), layers, steps, batch, D, H, gain, dtype)
        about = {"magic": "minilstm golden vectors", "version": 1, "torch": torch.__version__, "gain": gain}
        path = GOLDEN / f"{layers}-layers-{steps}-steps-batch-{batch}-gain-{gain}-{dtype}.npz"
        arrays = {name: np.array(value) for name, value in about.items()}
        arrays |= {"x": x, "h_0": h_0, "C_0": C_0, **tensors} | in_torch(tensors, x, h_0, C_0)
        write_npz(path, arrays)
        print(path.name, path.stat().st_size)
