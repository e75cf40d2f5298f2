"""The LSTM of Lakretz et al. (2019) in NumPy: the equations, a language model, and every analysis of the paper.

Read `lstm.py` first. Nothing heavy is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .version import __version__ as __version__

if TYPE_CHECKING:  # what `__getattr__` does, for those who read types without running anything
    from . import lstm as lstm
    from . import stimuli as stimuli
    from .analyses import ANALYSES as ANALYSES
    from .analyses.ablation import ablation_sweep as ablation_sweep
    from .analyses.ablation import group_ablation as group_ablation
    from .analyses.number_agreement import agreement as agreement
    from .errors import MinilstmError as MinilstmError
    from .errors import ModelFileError as ModelFileError
    from .explorer.page import explore as explore
    from .language_model import LanguageModel as LanguageModel
    from .models import load as load
    from .report.reproduce import reproduce as reproduce
    from .stimuli import Item as Item
    from .verification.modules import verify_module as verify_module
    from .verification.verify import verify as verify

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


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for (PEP 562)."""
    if name in _HOMES:
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    elif name in ("lstm", "stimuli"):
        value = import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # a submodule of the same name would otherwise take its place
    return value
