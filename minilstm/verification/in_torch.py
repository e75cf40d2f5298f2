"""PyTorch's `torch.nn.LSTM`."""

import numpy as np


def torch_devices():
    """The devices that PyTorch finds here."""
    import torch

    mps = getattr(torch.backends, "mps", None)
    return ("cpu", *(["cuda"] if torch.cuda.is_available() else []), *(["mps"] if mps and mps.is_available() else []))


def make_torch(case, dtype, device):
    """A `torch.nn.LSTM` with the weights of `case`."""
    import torch

    H, P = case.C_0.shape[2], case.h_0.shape[2]
    two, bias = len(case.h_0) == 2 * case.layers, any("bias" in name for name in case.tensors)
    module = torch.nn.LSTM(case.x.shape[2], H, case.layers, bias, bidirectional=two, proj_size=P if P != H else 0)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in case.tensors.items()})
    return module.to(dtype=getattr(torch, dtype), device=device)


def call_torch(module, case, parts):
    """What a `torch.nn.LSTM` makes of `case`, batch first or not, without dropout."""
    import torch

    weight = next(module.parameters())
    axes, training = (1, 0) if module.batch_first else (0, 1), module.training
    x, h, C = given = [torch.from_numpy(a).to(weight.device, weight.dtype) for a in (case.x, case.h_0, case.C_0)]
    for tensor in given if case.losses else ():
        tensor.requires_grad_()
    module.eval()
    with torch.set_grad_enabled(bool(case.losses)):
        said = []
        for part in torch.split(x, parts):
            part = part.movedim((0, 1), axes)
            if case.lengths is not None:
                packing = {"batch_first": module.batch_first, "enforce_sorted": False}
                part = torch.nn.utils.rnn.pack_padded_sequence(part, torch.from_numpy(case.lengths), **packing)
            y, (h, C) = module(part, (h, C))
            if case.lengths is not None:
                y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=module.batch_first)
            said.append(y.movedim(axes, (0, 1)))
        results = {"output": torch.cat(said), "h_n": h, "C_n": C}
    module.train(training)
    if case.losses:
        losses = {name: torch.from_numpy(array).to(weight) for name, array in case.losses.items()}
        sum((losses[name] * results[name]).sum() for name in losses).backward()
        slopes = dict(zip(("x", "h_0", "C_0"), given, strict=True)) | dict(module.named_parameters())
        results |= {f"d_{name}": tensor.grad for name, tensor in slopes.items()}
    return {name: np.asarray(tensor.detach().cpu().double()) for name, tensor in results.items()}
