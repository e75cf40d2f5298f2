"""PyTorch's `torch.nn.LSTM`."""

from .cases import in_calls


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
    """Run a `torch.nn.LSTM` on `case`, batch first or not, without dropout."""
    import torch

    weight = next(module.parameters())
    given = {name: torch.from_numpy(array).to(weight.device, weight.dtype) for name, array in case.read.items()}
    axes, training, rnn = (1, 0) if module.batch_first else (0, 1), module.training, torch.nn.utils.rnn

    def read(x, h, C):
        x = x.movedim((0, 1), axes)
        if case.lengths is not None:
            x = rnn.pack_padded_sequence(x, torch.from_numpy(case.lengths), module.batch_first, enforce_sorted=False)
        y, (h, C) = module(x, (h, C))
        if case.lengths is not None:
            y, _ = rnn.pad_packed_sequence(y, module.batch_first)
        return y.movedim(axes, (0, 1)), h, C

    module.train(bool(case.losses))  # in which alone cuDNN has gradients; what `make_torch` makes has no dropout
    run = in_calls(parts, lambda _: [read], torch.cat)
    if case.losses:
        results = torch_gradients(run, given | dict(module.named_parameters()), case.losses)
    else:
        with torch.no_grad():
            results = run(given)
    module.train(training)
    return results


def torch_gradients(run, given, losses):
    """Outputs of run(given), and the gradients of the loss with respect to all that is given."""
    import torch

    for tensor in given.values():
        tensor.requires_grad_()
    results = run(given)
    loss = sum((torch.from_numpy(array).to(results[name]) * results[name]).sum() for name, array in losses.items())
    slopes = torch.autograd.grad(loss, list(given.values()))
    return results | {f"d_{name}": slope for name, slope in zip(given, slopes, strict=True)}
