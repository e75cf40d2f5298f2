"""The explorer's page, put together: template, style, scripts and a model in one file that asks nothing of anybody."""

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ..analyses.base import Results
from ..checks import expect_model
from ..errors import MinilstmError
from ..language_model import LanguageModel
from ..records import short_repr
from .payload import PRECISIONS, choose_words, cut, default_precision, lexicon_of, payload, round_weights
from .roles import analyse, roles_of

FOLDER = Path(__file__).parent
SCRIPTS = """lstm model reading state words draw focus charts answer units circuit controls tour texts export modelfile
main""".split()


@short_repr
@dataclass(frozen=True)
class Page:
    """An explorer page; a notebook shows it inline.

    Attributes
    ----------
    html : str
        The whole page.
    model : LanguageModel
        The model as it stands in the page: its words and its rounded weights. A script reads it as the page does.
    precision : {"float32", "float16", "int8"}
    """

    html: str
    model: LanguageModel
    precision: str

    def save(self, path: str | Path) -> None:
        """Write the page to a file, whole or not at all."""
        from ..io.atomic import write_whole

        with write_whole(path) as file:
            file.write(self.html.encode("utf-8"))

    def _repr_html_(self):
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" title="minilstm explorer" loading="lazy" '
            'style="width:100%;height:54rem;border:0"></iframe>'
        )


def explore(
    model: LanguageModel,
    words: str | Sequence[str] = (),
    forms: Sequence[str] | None = None,
    *,
    vocabulary: Sequence[str] | None = None,
    precision: str | None = None,
    name: str | None = None,
    results: Results | None = None,
) -> Page:
    """A trained LSTM alive in a page: it reads sentences, shows its units, and lets one break them.

    Parameters
    ----------
    model : LanguageModel
    words : str, or sequence of one or two str, optional
        The sentences to open with.
    forms : pair of str, optional
        The two verb forms whose probabilities are compared.
    vocabulary : sequence of str, optional
        The words that go into the page, where a model has too many: by default those of the tasks and the most frequent
        ones, 3,000 in all.
    precision : {"float32", "float16", "int8"}, optional
        Of the weights in the page, which computes in doubles whatever they are. By default the smaller the model, the
        finer.
    name : str, optional
        What the page calls the model.
    results : Results, optional
        Of `reproduce`: they say which units have which role. Without them the analyses that say so are run, which
        takes seconds for a small model and minutes for a large one.

    Returns
    -------
    Page
        `page.save("explorer.html")` writes it; as the last line of a notebook's cell it is shown.

    Raises
    ------
    MinilstmError
        If the model lacks one of the words, or there are more than two sentences.

    See Also
    --------
    minilstm.reproduce : The analyses that say which unit has which role.

    Examples
    --------
    >>> from minilstm import explore, load
    >>> page = explore(load("mini"), "The boy near the cars", ("is", "are"))
    >>> page.html[:15]
    '<!DOCTYPE html>'
    """
    expect_model(model)
    sentences = [words] if isinstance(words, str) else list(words)
    if len(sentences) > 2:
        raise MinilstmError(f"words: expected one sentence or two, got {len(sentences)}")
    if forms is not None and len(forms) != 2:
        raise MinilstmError(f"forms: expected two, such as ('is', 'are'), got {forms!r}")
    if precision not in (None, *PRECISIONS):
        raise MinilstmError(f"precision: expected one of {', '.join(PRECISIONS)}, got {precision!r}")
    wanted = [word for sentence in sentences for word in sentence.split()] + list(forms or ())
    model.encode(wanted)  # an error of ours for a word that the model lacks
    chosen = choose_words(model, vocabulary)
    small = cut(model, [word for word in model.vocabulary if word in {*chosen, *wanted}])
    precision = precision or default_precision(small)
    rounded = round_weights(small, precision)
    roles = roles_of(model, analyse(model, lexicon_of(model)) if results is None else results)
    content = payload(rounded, name or "a model", precision, roles, sentences, forms)
    content["words_of_model"] = len(model.vocabulary)
    return Page(_assemble(content), rounded, precision)


def rounding_effect(model, page, items):
    """Effect of the page's rounding on the choice between verb forms.

    Returns
    -------
    changed, largest : int, float
        How many of the items are decided otherwise, and the largest change of a margin, in nats.
    """
    from ..analyses.number_agreement import agreement

    exact, rounded = agreement(model, items).margins, agreement(page.model, items).margins
    return int(((exact > 0) != (rounded > 0)).sum()), float(np.abs(exact - rounded).max())


def _assemble(content):
    """The page as a string. Its policy forbids every request, and every script and style but its own."""
    style, script = _source()
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    policy = f"default-src 'none'; img-src data: blob:; script-src {_digest(script)}; style-src 'unsafe-inline'"
    parts = {
        "{policy}": html.escape(policy),
        "{title}": html.escape(f"{content['name']}, {content['about']['text']}"),
        "{style}": style,
        "{data}": data,
        "{script}": script,
    }
    page = (FOLDER / "template.html").read_text(encoding="utf-8")
    for place in parts:
        before, after = page.split(place)  # exactly once, and before anything that a model could bring in
        parts[place], page = before + parts[place], after
    return "".join(parts.values()) + page


@cache
def _source():
    """The style and the scripts; all scripts share one scope of their own."""
    scripts = [(FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = '(() => {\n"use strict";\n' + "\n".join(scripts) + "\n})();"
    return (FOLDER / "explorer.css").read_text(encoding="utf-8"), script


def _digest(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode() + "'"
