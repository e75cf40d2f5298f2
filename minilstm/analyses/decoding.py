"""Generalisation across time (Fig. 2): does the code for number that is there at the subject last until the verb?

A linear classifier learns to tell singular from plural subjects by the cells right after the subject, and is tested on
the cells at every word. In the sentences used, SP and PS, the second noun always has the other number. So a code that
follows the last noun scores 1 at the subject and 0 at the second noun; one that keeps the subject's scores 1 at both.
"""

from dataclasses import dataclass

from ..errors import StimulusError
from ..stimuli import SECOND_NOUN, SUBJECT, WORDS, split_problem
from .base import Analysis, Claim, Criterion, Figure, Outcome, Result, Table, fallback_note, format_units
from .generalisation import SEEDS
from .number_data import SPLITS, number_data
from .statistics import format_numbers
from .style import LINES, colorbar, figure, in_style, name_ticks


@dataclass(frozen=True, eq=False, repr=False)
class NumberOverTime(Result):
    """Fig. 2: the full train x test matrices of each long-range unit alone, and of all units but those.

    Attributes
    ----------
    curves : dict
        {split: {unit, or "rest": Generalisation}}.
    roles : dict
        {unit: roles} of the units seen alone.
    notes : tuple of str
        What is to be known of the sentences.
    """

    curves: dict
    roles: dict
    notes: tuple = ()

    def label(self, key):
        """Name of a classifier's inputs, for tables and legends."""
        if key == "rest":
            return "all units but these" if self.roles else "all units"
        return f"unit {key}"

    def least(self):
        """The least AUC from the subject to the second noun, as text."""
        curves = self.curves["sentence"].items()
        least = {key: one.curve()[0][SUBJECT : SECOND_NOUN + 1].min() for key, one in curves}
        return "; ".join(f"{self.label(key)} {auc:.2f}" for key, auc in least.items())

    def text(self):
        text = [
            fallback_note(self.roles)
            + "Classifiers learn the subject's number from cells at the subject and are tested at every word of "
            "incongruent sentences, in which the second noun has the other number: a code that keeps the subject's "
            "number stays at 1, one that follows the last noun falls to 0 at N. Least AUC from the subject to the "
            f"second noun: {self.least()}."
        ]
        text += self.notes
        unconverged = sum(one.unconverged for curves in self.curves.values() for one in curves.values())
        if unconverged:
            text.append(
                f"{unconverged} of the classifiers, of all trained positions, reached scikit-learn's limit of "
                "iterations."
            )
        return text

    def tables(self):
        columns = ["seen", "tested on other", *(f"{word} ({t})" for t, word in enumerate(WORDS))]
        rows = [
            [self.label(key), split, *one.curve()[0].tolist()]
            for split, curves in self.curves.items()
            for key, one in curves.items()
        ]
        caption = "Fig. 2: AUC, trained at the subject, mean over five splits."
        spread = [
            [self.label(key), split, *one.curve()[1].tolist()]
            for split, curves in self.curves.items()
            for key, one in curves.items()
        ]
        spread_caption = "The standard deviations over the splits."
        return [
            Table("decoding", caption, columns, rows, digits=2),
            Table("decoding_sd", spread_caption, columns, spread, digits=2, long=True),
        ]

    def figures(self):
        shown = format_units(self.roles)
        figures = [
            Figure(
                "decoding",
                f"Fig. 2: generalisation across time, for {shown} each alone and for all others together, mean and "
                "standard deviation over splits. On the left tested on other sentences, as in the paper; on the right "
                "on nouns never trained on. In the paper the number units stay at 1, and all others fall to 0 at the "
                "second noun.",
                "line plots of AUC over the words of a sentence",
                lambda: plot_curves(self),
            )
        ]
        for split in self.curves:
            figures.append(
                Figure(
                    f"matrix_{split}",
                    f"The same trained at every word, not only at the subject; tested on other {split}s. Orange: the "
                    "number can be read; violet: it is taken for the other one. A square of one colour is a code that "
                    "lasts; a change of colour after the second noun is one that follows the last noun.",
                    "heat maps of AUC, words trained at by words tested at",
                    lambda split=split: plot_matrices(self, split),
                )
            )
        return figures

    def summary(self):
        return (
            "Is the number of the subject still to be read from its cell at the next noun? Worst of the words up to "
            f"there, as AUC (1: always, 0.5: a guess, 0: the other number): {self.least()}."
        )


@in_style()
def plot_curves(result):
    """Fig. 2: AUC at each word of classifiers trained at the subject; one panel a way of splitting."""
    fig, axes = figure(1, len(result.curves), 3.2 * len(result.curves), 2.6, sharey=True)
    for axis, (split, curves) in zip(axes[0], result.curves.items(), strict=True):
        axis.axhline(0.5, color="0.7", linewidth=0.6, linestyle=":")
        for k, (key, one) in enumerate(curves.items()):
            color, marker = ("black", "") if key == "rest" else LINES[k % len(LINES)]
            mean, sd = one.curve()
            width, label = 1 if marker else 2, result.label(key)
            axis.errorbar(
                range(len(mean)), mean, sd, color=color, marker=marker, markersize=4, linewidth=width, label=label
            )
        axis.set_title(f"tested on other {split}s")
        name_ticks(axis, WORDS)
        axis.set_ylim(-0.04, 1.04)
    axes[0, 0].set_ylabel("AUC, trained at the subject")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


@in_style()
def plot_matrices(result, split="sentence"):
    """The whole of what Fig. 2 shows a row of: trained at each word, tested at each."""
    curves = result.curves[split]
    fig, axes = figure(1, len(curves), 1.55 * len(curves) + 0.9, 2.3, sharey=True)
    for axis, (key, one) in zip(axes[0], curves.items(), strict=True):
        image = axis.imshow(one.mean, cmap="PuOr_r", vmin=0, vmax=1)  # white: no information
        axis.set_title(result.label(key), fontsize=7)
        axis.spines[:].set_visible(False)
        name_ticks(axis, WORDS)
        axis.set_yticks(range(len(one.trained)), [WORDS[t] for t in one.trained])
    axes[0, 0].set_ylabel("trained at")
    fig.supxlabel("tested at")
    colorbar(image, axes[0], "AUC", shrink=0.7, ticks=(0, 0.5, 1))
    return fig


def compute(experiment, results):
    """Fig. 2 on nounPP, for the number units or those that stand in for them."""
    model, roles = experiment.model_lowercase_context, results["number_units"].roles
    data = number_data(model, experiment.sentences("nounPP"), **experiment.reading)
    problems = {split: split_problem(data.plural, data.noun, split) for split in SPLITS}
    if problems["sentence"]:
        raise StimulusError(f"decoding: {problems['sentence']}")
    splits = [split for split in SPLITS if not problems[split]]
    notes = [data.warning] + [f"Not tested on other {split}s: {why}." for split, why in problems.items() if why]
    rest = set(range(1, data.C.shape[2] + 1)) - set(roles)
    curves = {
        split: {unit: data.generalisation([unit], split=split) for unit in roles}
        | {"rest": data.generalisation(rest, split=split)}
        for split in splits
    }
    for split in splits:
        undefined = curves[split]["rest"].undefined
        if undefined:
            notes.append(
                f"{undefined} of {len(SEEDS)} splits by {split} are left out: all sentences trained on, or tested on, "
                "are of one number."
            )
        if undefined == len(SEEDS):
            if split == "sentence":
                raise StimulusError(f"decoding: {len(data.plural)} sentences are too few: {notes[-1][:-1]}")
            del curves[split]
    return NumberOverTime(curves, roles, tuple(note for note in notes if note))


def number_units_decode(experiment, results, least):
    units = results["number_units"].both()
    curves = results["decoding"].curves["sentence"]
    lowest = {unit: curves[unit].curve()[0][SUBJECT : SECOND_NOUN + 2].min() for unit in units}
    value = ", ".join(f"unit {unit}: {auc:.2f}" for unit, auc in lowest.items())
    return Outcome(min(lowest.values()) >= least, value)


def rest_inverts(experiment, results, least, until, below):
    results["number_units"].both()
    auc = results["decoding"].curves["sentence"]["rest"].curve()[0][SUBJECT : SECOND_NOUN + 1]
    return Outcome(bool((auc[:until] >= least).all() and auc[3] < below), format_numbers(auc))


CLAIMS = (
    Claim(
        23,
        "F2",
        "The number units decode number throughout",
        "~1",
        "smallest AUC at positions 1 to 5, trained at 1",
        original=Criterion(">= {least}", number_units_decode, least=0.99),
        other=Criterion(">= {least}", number_units_decode, least=0.9),
    ),
    Claim(
        24,
        "F2",
        "All others decode it until the second `the`, and invert at N2",
        "~1, .86, .98, .01",
        "AUC at positions 1 to 4, trained at 1",
        original=Criterion(">= {least} at 1 to {until}, < {below} at 4", rest_inverts, least=0.8, until=3, below=0.1),
        other=Criterion(">= {least} at {until}, < {below} at 4", rest_inverts, least=0.8, until=1, below=0.3),
    ),
)

ANALYSIS = Analysis(
    "decoding",
    "decode",
    "Number over time",
    "section 4.2, Fig. 2",
    compute,
    summary="number over time, short-range units (Fig. 2)",
    needs=("number_units",),
    reads=("tasks", "halves", "activity"),
    claims=CLAIMS,
)
