"""Efferent weights (section 4.1, Fig. 1d): the weights of units onto verb forms, and what comes of them in a choice."""

from dataclasses import dataclass

import numpy as np

from ..stimuli import SECOND_NOUN
from ..units import columns_of, last_layer
from .ablation import ablation_sweep
from .attribution import attribution
from .base import Analysis, Claim, Criterion, Figure, NotTestable, Outcome, Result, Table, format_units
from .effects import Effects, effects, plot_effects
from .efferent_weights import efferent_table, efferents, form_auc, segregation
from .number_agreement import agreement
from .statistics import percent
from .style import GUIDE, PLURAL, SINGULAR, figure, in_style

OTHERS = 651, 1300, 1150  # units of the paper's own model beside its number units in Fig. 1d
ERRORS = 10  # wrong answers at least, to say anything about them


@dataclass(frozen=True, eq=False, repr=False)
class Efferents(Result):
    """Fig. 1d for every unit of the last layer, and direct and total effects.

    Attributes
    ----------
    weights : (2, verbs, units) array
        Of the last layer, see `efferents`.
    effects : Effects
        On nounPP.
    in_errors : (errors,) array
        What S* and P* together contribute to the margin of each wrong answer.
    roles : dict
        {unit: roles} of the units displayed.
    tasks : tuple of str
        Those whose wrong answers count.
    """

    weights: np.ndarray
    effects: Effects
    in_errors: np.ndarray
    roles: dict
    tasks: tuple = ("nounPP", "nounPPAdv")

    def of(self, units):
        """Indices of units of the last layer: (units,)."""
        return columns_of(units, self.effects.units)

    @property
    def displayed(self):
        """{unit: role as text}: the number units and, as controls, the first and the last unit of the layer."""
        last = self.effects.units
        names = {unit: ", ".join(roles) for unit, roles in self.roles.items()}
        return names | {unit: "control" for unit in (last[0], last[-1]) if unit not in names}

    def text(self):
        apart = segregation(self.weights)
        units = ", ".join(f"{value:.2f}" for value in apart[self.of(self.roles)])
        pairs = zip(self.effects.conditions, self.effects.correlation, strict=True)
        r = ", ".join(f"{condition} {value:.2f}" for (_, condition), value in pairs)
        text = [
            f"Half of the layer's units have a segregation below {np.median(apart):.2f}, one in twenty above "
            f"{np.percentile(apart, 95):.2f}; {format_units(self.roles)}: {units}.",
            "The decoder is linear, so the margin is a sum of contributions, the direct effect of each unit. What "
            "ablating the unit costs, its total effect, also reaches the verb through other units. Over units the two "
            f"correlate with r = {r}.",
        ]
        if len(self.in_errors) and any(self.roles.values()):
            text.append(
                f"In {len(self.in_errors)} wrong answers in {' and '.join(self.tasks)}, the number units together are "
                f"for the right form in {100 * (self.in_errors > 0).mean():.0f} %."
            )
        return text

    def tables(self):
        return [
            Table(
                "efferents",
                "Weights to the two forms of verbs: means and standard deviations.",
                *efferent_table(self.weights, tuple(self.displayed), self.effects.units),
                digits=(*[2] * 7, 1),
            ),
            Table(
                "shares",
                "Direct effect of units on the margin, and total effect: what the margin loses when the unit is "
                "ablated, in nats; the largest.",
                *self.effects.rows(),
                digits=2,
            ),
        ]

    def figures(self):
        return [
            Figure(
                "efferents",
                "Fig. 1d: weights from units to the singular and plural forms of verbs. A number unit's weights to the "
                "two are apart (segregation in brackets: difference of the means over the sum of the standard "
                "deviations); those of the controls, the first and the last unit of the layer, are as it happens.",
                "dots, a column a unit, one dot a verb form",
                lambda: plot_efferents(self.weights[:, :, self.of(self.displayed)], self.displayed),
            ),
            Figure(
                "shares",
                "Direct beside total effect, a dot a unit of the last layer. On the diagonal are units that do by "
                "themselves what they do; above it those on which others depend.",
                "scatter plots of ablation effect against contribution to the margin, a panel a condition",
                lambda: plot_effects(self.effects),
            ),
        ]


@in_style()
def plot_efferents(weights, names):
    """Weights from units to the singular (blue) and plural (pink) forms of verbs, a column of dots a unit (Fig. 1d).

    Parameters
    ----------
    weights : (2, verbs, units) array
        See `efferent_weights.efferents`.
    names : dict
        {unit: what to write under its number, such as "syntax", or ""}.
    """
    fig, axes = figure(width=max(3.4, 0.75 * len(names) + 0.8), height=2.7)
    axis = axes[0, 0]
    axis.axhline(0, **GUIDE)
    spread = np.linspace(-0.07, 0.07, weights.shape[1])  # so that equal weights stay apart
    looks = (SINGULAR, "o", -0.13, "singular forms"), (PLURAL, "^", 0.13, "plural forms")
    for forms, (color, marker, side, label) in zip(weights, looks, strict=True):
        x = np.arange(len(names)) + side + spread[:, None]  # (verbs, units)
        axis.plot(x.ravel(), forms.ravel(), marker, color=color, ms=3, mew=0, alpha=0.6, label=label)
    parts = [
        (str(unit), name, f"({apart:.1f})")
        for (unit, name), apart in zip(names.items(), segregation(weights), strict=True)
    ]
    axis.set_xticks(range(len(names)), ["\n".join(filter(None, lines)) for lines in parts])
    axis.set_xlim(-0.5, len(names) - 0.5)
    axis.set_xlabel("unit (segregation)")
    axis.set_ylabel("weight to verb forms")
    fig.legend(loc="outside upper center", ncols=2)
    return fig


def compute(experiment, results):
    """Weights of the last layer; effects on nounPP and, where the network errs, on nounPPAdv too."""
    model, units = experiment.model, results["number_units"]
    items, margins, ablated = _margins(experiment, results)
    attributed = attribution(model, items, **experiment.reading)
    asked = bool(experiment.tasks or experiment.stimuli)
    displayed = np.array([asked or item.task == "nounPP" for item in items])
    both = effects(attributed.only(displayed), ablated[:, displayed])
    in_errors = attributed.of(units.long_range)[margins <= 0]
    tasks = tuple(dict.fromkeys(item.task for item in items))
    return Efferents(efferents(model), both, in_errors, units.roles, tasks)


def _margins(experiment, results):
    """The items of nounPP and nounPPAdv, or those asked for; margins, intact (items,) and ablated (units, items)."""
    model, last = experiment.model, last_layer(experiment.model.sizes)
    if experiment.tasks or experiment.stimuli:
        items = experiment.sentences()
        full = agreement(model, items, **experiment.reading).margins
        ablated = ablation_sweep(model, items, last, progress=experiment.progress, **experiment.reading)
        where = np.flatnonzero(~np.isnan(full))
    else:
        table = results["agreement"]
        items, full, ablated = table.items, table.full, table.ablated[np.array(last) - 1]
        of_task = np.array([item.task in ("nounPP", "nounPPAdv") for item in items])
        where = np.flatnonzero(experiment.evaluates(items) & of_task & ~np.isnan(full))
    return [items[k] for k in where], full[where], ablated[:, where]


def segregated_as_published(experiment, results, singular, plural):
    texts, holds = [], []
    for number, unit, cell, auc, fits in _segregated(results):
        own = cell[:2] if number == "S" else cell[2:]
        fits = bool(fits and own.mean() < 0)
        holds.append(fits and auc >= {"S": singular, "P": plural}[number])
        texts.append(_segregation_text(unit, auc, fits))
    return Outcome(all(holds), ", ".join(texts))


def segregated(experiment, results, least):
    texts, holds = [], []
    for _, unit, _, auc, fits in _segregated(results):
        holds.append(fits and auc >= least)
        texts.append(_segregation_text(unit, auc, fits))
    return Outcome(all(holds), ", ".join(texts))


def _segregated(results):
    """For S* and P*: number, unit, its cell at N2 (SS SP PS PP), AUC either way round, whether its signs fit."""
    for number, unit in zip("SP", results["number_units"].both(), strict=True):
        weights = results["efferents"].weights[:, :, results["efferents"].of([unit])]
        auc = float(form_auc(weights)[0])
        gates = results["gates"].dynamics
        rows = [gates.conditions.index(condition) for condition in ("SS", "SP", "PS", "PP")]
        cell = gates.mean["C"][rows, SECOND_NOUN, gates.units.index(unit)]
        singular, plural = weights.mean(axis=1)[:, 0]
        # To be for singular forms after singular subjects, weights differ as the cell does: h has its sign.
        fits = (singular - plural) * (cell[:2].mean() - cell[2:].mean()) > 0
        yield number, unit, cell, max(auc, 1 - auc), bool(fits)


def _segregation_text(unit, auc, fits):
    return f"unit {unit}: AUC {auc:.2f}, signs {'fit' if fits else 'do not fit'}"


def others_are_not_segregated(experiment, results, percentile):
    return _below(results, OTHERS, percentile)


def syntax_unit_is_not_segregated(experiment, results, percentile):
    if results["syntax_unit"].unit is None:
        raise NotTestable("no Y*")
    return _below(results, [results["syntax_unit"].unit], percentile)


def _below(results, units, percentile):
    apart = segregation(results["efferents"].weights)
    threshold = np.percentile(apart, percentile)
    of_units = apart[results["efferents"].of(units)]
    value = ", ".join(f"unit {unit}: {own:.2f}" for unit, own in zip(units, of_units, strict=True))
    return Outcome(bool(of_units.max() < threshold), value, f"{percentile}th percentile {threshold:.2f}")


def right_even_in_errors(experiment, results, share):
    results["number_units"].both()
    in_errors = results["efferents"].in_errors
    if len(in_errors) < ERRORS:
        raise NotTestable(f"only {len(in_errors)} errors in nounPP and nounPPAdv")
    right = (in_errors > 0).mean()
    return Outcome(bool(right >= share / 100), f"{percent(right)} % of {len(in_errors)} errors")


CLAIMS = (
    Claim(
        21,
        "F1d",
        "Efferent weights are segregated; their signs fit a negative code",
        "figure (776: ranges overlap)",
        "AUC over verb forms, either way round; sign of the difference of means",
        original=Criterion(
            "988: {singular}; 776 >= {plural}; signs fit", segregated_as_published, singular=1, plural=0.98
        ),
        other=Criterion(">= {least}, and the signs fit the code", segregated, least=0.9),
    ),
    Claim(
        22,
        "F1d",
        "Those of other units are not (651, 1300, 1150)",
        "figure",
        "segregation within the layer",
        original=Criterion("below the {percentile}th percentile", others_are_not_segregated, percentile=95),
        other=Criterion("Y*: below the {percentile}th percentile", syntax_unit_is_not_segregated, percentile=95),
    ),
    Claim(
        28,
        "4.2",
        "Number units vote right even where the network errs",
        "almost always",
        "share of errors (ten at least; nounPP, nounPPAdv) in which S* and P* together are for the right form",
        original=Criterion(">= {share} %", right_even_in_errors, share=95),
        other=Criterion(">= {share} %", right_even_in_errors, share=75),
    ),
)

ANALYSIS = Analysis(
    "efferents",
    "efferents",
    "Efferent weights",
    "section 4.1, Fig. 1d",
    compute,
    summary="weights onto verbs (Fig. 1d)",
    needs=("agreement", "number_units"),
    claims=CLAIMS,
)
