"""The report on what units do: gates and cell, efferents, number over time (Figs. 1 and 2)."""

import numpy as np

from ..analyses.decoding import SECOND_NOUN, SUBJECT, WORDS
from ..analyses.dynamics import OWN, against_prediction
from ..analyses.efferents import efferent_table, last_layer
from ..analyses.figures_decoding import plot_curves, plot_matrices
from ..analyses.figures_dynamics import plot_dynamics
from ..analyses.figures_efferents import plot_efferents, plot_shares
from ..analyses.short_range import DECODABLE
from .section import Section, drawn, half, in_place, joined, listed, table

ALONE = 12  # units listed that tell the subject's number at the subject


def show_gates(study, found):
    """Figs. 1a-c."""
    dynamics, units = found["gates"], found["agreement"]
    rows, numbers = (
        [],
        {unit: number for number, unit in (units.chosen if units.long_range else units.costliest).items()},
    )
    for unit in units.shown:
        columns, more = against_prediction(dynamics, unit, numbers[unit])
        rows += more
    fits = sum((should == "open") == (float(gate) > OWN) for *_, should, gate in rows)
    fit = f"Of what Fig. 1c predicts for gates, {fits} of {len(rows)} are so in {listed(units.shown)}"
    text = (
        in_place(found)
        + f"{fit}, if open means above .5. Means over {' + '.join(map(str, dynamics.n))} nounPP sentences that the units were not chosen on.",
    )
    first = units.shown[0]
    figure = drawn(
        "gates",
        plot_dynamics(dynamics, number=numbers[first]),
        f"Fig. 1: gates and cell of {listed(units.shown)}, word by word, mean and standard deviation over sentences. Pink: plural "
        "subject; blue: singular; dashed: the noun in between has the other number. On the left what the paper predicts for a unit "
        "that keeps one number. A number unit tells blue from pink in C from the subject to the verb, dashed or not; to do so i has "
        "to be shut and f open over the words in between.",
        "line plots of candidate, input gate, forget gate, cell and output gate over the words of a sentence",
    )
    tables = (
        table(
            "against_prediction",
            "What Fig. 1c asks of each gate, and its mean over the conditions and words concerned.",
            columns,
            rows,
        ),
    )
    command = (
        f"dynamics --units {joined(units.shown)} --number {joined(numbers[unit] for unit in units.shown)}{half(study)}"
    )
    return Section(text, tables, (figure,), (command,), summary=f"{fit}.")


def show_efferents(study, found):
    """Fig. 1d, and shares beside effects."""
    efferents, shown = found["efferents"], found["agreement"].shown
    last = last_layer(study.model)
    names = {unit: f"{number}*" for number, unit in found["agreement"].chosen.items() if unit is not None}
    units = tuple(dict.fromkeys((*shown, last[0], last[-1])))
    names |= {unit: "control" for unit in units if unit not in shown}
    columns, rows = efferent_table(study.model, units)
    shares = efferents.shares
    r = ", ".join(
        f"{condition} {value:.2f}" for (_, condition), value in zip(shares.conditions, shares.correlation, strict=True)
    )
    text = [
        f"Half of the layer's units have a segregation below {np.median(efferents.segregation):.2f}, one in twenty above "
        f"{np.percentile(efferents.segregation, 95):.2f}; {listed(shown)}: "
        f"{', '.join(f'{efferents.segregation[unit - last[0]]:.2f}' for unit in shown)}.",
        "The decoder is linear, so the margin is a sum of shares, one a unit. A share is not what ablating the unit costs: that "
        f"also reaches the verb through other units. Over units the two correlate with r = {r}.",
    ]
    if found["agreement"].long_range and len(efferents.votes):
        text.append(
            f"In the {len(efferents.votes)} wrong answers in nounPP and nounPPAdv, S* and P* together are for the right form in "
            f"{100 * (efferents.votes > 0).mean():.0f} %."
        )
    figures = (
        drawn(
            "efferents",
            plot_efferents(study.model, units, names),
            "Fig. 1d: weights from units to the singular and plural forms of verbs. A number unit's weights to the two are apart "
            "(segregation in brackets: difference of the means over the sum of the standard deviations); those of the controls, the "
            "first and the last unit of the layer, are as it happens.",
            "dots, a column a unit, one dot a verb form",
        ),
        drawn(
            "shares",
            plot_shares(shares),
            "Direct logit attribution beside ablation, a dot a unit of the last layer. On the diagonal are units that do by "
            "themselves what they do; above it those on which others depend.",
            "scatter plots of ablation effect against share in the margin, a panel a condition",
        ),
    )
    tables = (
        table("efferents", "Weights to the two forms of verbs: means and (standard deviations).", columns, rows),
        table(
            "shares",
            "Shares in the margin and what the margin loses when the unit is off, in nats; the largest.",
            *shares.table(),
        ),
    )
    return Section(tuple(text), tables, figures, (f"efferents --units {joined(shown)}{half(study)}",))


def show_decoding(study, found):
    """Fig. 2, the train x test matrices, and the short-range units."""
    decoded, shown = found["decoding"], found["agreement"].shown
    columns = ["seen", "tested on other", *(f"{word} ({t})" for t, word in enumerate(WORDS))]
    rows = [
        [label, split, *(None if np.isnan(mean) else f"{mean:.2f}" for mean in one.curve()[0])]
        for split, curves in decoded.curves.items()
        for label, one in curves.items()
    ]
    sentence = decoded.curves["sentence"]
    least = [f"{label} {one.curve()[0][SUBJECT : SECOND_NOUN + 1].min():.2f}" for label, one in sentence.items()]
    text = [
        in_place(found)
        + "Classifiers learn the subject's number from cells at the subject and are tested at every word of incongruent "
        "sentences, in which the second noun has the other number: a code that keeps the subject's number stays at 1, one that follows "
        f"the last noun falls to 0 at N. Least AUC from the subject to the second noun: {'; '.join(least)}.",
        f"Short-range units, chosen on odd ids by the authors' rule: {listed(decoded.short.units)}. They tell the number at the subject "
        f"(AUC above {DECODABLE}), do not keep it, and have weights to verbs more segregated than 95 % of the layer.",
    ]
    columns_alone, alone = decoded.short.table()
    tables = [table("decoding", "Fig. 2: AUC, trained at the subject, mean over five splits.", columns, rows)]
    if alone:
        tables.append(
            table(
                "short_range",
                "Units of the last layer that alone tell the number at the subject, the best segregated first"
                + (f" ({ALONE} of {len(alone)})" if len(alone) > ALONE else "")
                + ". 'lasts': decodable at every word to the "
                "second noun.",
                columns_alone,
                alone[:ALONE],
            )
        )
    figures = [
        drawn(
            "decoding",
            plot_curves(decoded.curves),
            f"Fig. 2: generalisation across time, for {listed(shown)} each alone and for all others together, mean and standard "
            "deviation over splits. On the left tested on other sentences, as in the paper; on the right on nouns never trained on. In "
            "the paper the number units stay at 1, and all others fall to 0 at the second noun.",
            "line plots of AUC over the words of a sentence",
        ),
    ]
    for split, curves in decoded.curves.items():
        figures.append(
            drawn(
                f"matrix_{split}",
                plot_matrices(curves),
                f"The same trained at every word, not only at the subject; tested on other {split}s. Orange: the number can be read; violet: it "
                "is taken for the other one. A square of one colour is a code that lasts; a change of colour after the second noun is one "
                "that follows the last noun.",
                "heat maps of AUC, words trained at by words tested at",
            )
        )
    return Section(
        tuple(text),
        tuple(tables),
        tuple(figures),
        (f"decode --units {joined(shown)}{half(study)}",),
        summary=f"Number over time, least AUC from the subject to the second noun: {'; '.join(least)}. Short-range units: "
        f"{listed(decoded.short.units)}.",
    )
