"""The LSTM of Lakretz et al. (2019) in NumPy: the equations, a language model, and every analysis of the paper.

Read `lstm.py` first. Nothing heavy is imported before it is used.
"""

from importlib import import_module

__version__ = "0.2.0"

_HOMES = {
    "ModelFileError": "errors",
    "LanguageModel": "language_model",
    "load": "models",
    "Item": "stimuli",
    "agreement": "analyses.number_agreement",
    "ablation_sweep": "analyses.ablation",
    "group_ablation": "analyses.ablation",
    "verify": "verification.verify",
    "ANALYSES": "analyses",
    "reproduce": "report.reproduce",
    "MinilstmError": "errors",
    "explore": "explorer.page",
    "verify_module": "verification.modules",
}
__all__ = [*_HOMES, "lstm", "stimuli"]


def __getattr__(name):
    """Import what is asked for when it is asked for (PEP 562)."""
    if name in _HOMES:
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    elif name in ("lstm", "stimuli"):
        value = import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # a submodule of the same name would otherwise take its place
    return value
