"""Files as (header, arrays): model files, other people's checkpoints, PyTorch's files without PyTorch.

In reading order: `checkpoints.py` (our model file) on `npz.py`, `safetensors.py` and `atomic.py`; `conventions.py`
(names and gate orders of frameworks); `parts.py` and `state_dict.py` (a language model in a state dict, whatever its
parts are called), `vocabulary.py` and `importing.py` (checkpoint and vocabulary together), `recognise.py` (which kind
a file is); `torch/` (the files of `torch.save`); `original.py` (what is known of the paper's own model).
"""
