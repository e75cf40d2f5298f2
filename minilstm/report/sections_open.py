"""The report on what the paper leaves open: who carries number, who is for the wrong form, how few units do it."""

from ..analyses.figures_open import plot_interchange, plot_smallest, plot_votes
from ..analyses.interchange import METHODS
from ..analyses.tables import show
from .measures_open import MOST, voters
from .section import Section, drawn, half, joined, listed, table

NONE = (
    "These questions are about long-range number units, and the network has none: no unit of the last layer costs more "
    "than 10 points in nounPP SP or PS."
)


def show_interchange(study, found):
    """Interchange beside ablation."""
    compared = found["interchange"]
    if compared is None:
        return Section((NONE,))
    where, flips = compared.by_condition(), []
    for k, units in enumerate(compared.sets):
        shares = [
            f"{show(100 * compared.flips('once', where['nounPP', condition])[k])} %" for condition in ("SP", "PS")
        ]
        flips.append(f"{listed(units)} {shares[0]} and {shares[1]}")
    start = "Verbs of nounPP SP and PS that follow the other sentence: with C of "
    first = flips[: len(found["agreement"].long_range)]
    text = (
        "Ablation finds the units that are needed, also one that only guards what others know. Interchange takes "
        "nothing away: a unit gets its cell C from the same sentence with the other number of the subject. If the "
        "verb then follows that sentence, the unit carries number. Here it is done with the units that the sections "
        "above found; without --units the command tries every unit.",
        f"{start}{'; of '.join(flips)}.",
    )
    methods = "; ".join(f"{name}: {what}" for name, what in METHODS.items())
    most = len(compared.sets)
    figure = drawn(
        "interchange",
        plot_interchange(compared, most),
        "How far each intervention moves the mean margin towards that of the other number, in percent of the way, "
        "condition by condition. Blue and orange: ablation; green and pink: interchange. With a unit that carries "
        "number, interchange moves the margin; with one that is only needed, ablation alone does.",
        "lollipop plots, a panel a condition, four methods a unit",
    )
    caption = (
        "Percent of verbs that flip to the other form; and how far the mean margin moves, in percent of the way to "
        "that of the other number. Only sentences that the network gets right with either number count."
    )
    tables = (table("interchange", f"{caption} {methods[0].upper()}{methods[1:]}.", *compared.rows(most)),)
    singles, groups = ([units for units in compared.sets if (len(units) > 1) == several] for several in (False, True))
    together = "".join(f" --group {joined(units)}" for units in groups)
    command = f"interchange --units {joined(unit for (unit,) in singles)}{together}{half(study)}"
    return Section(text, tables, (figure,), (command,), summary=f"{start}{'; of '.join(first)}.")


def show_votes(study, found):
    """Who votes for the wrong form."""
    voted, groups = found["votes"], voters(found)
    if voted is None:
        return Section((NONE,))
    wrong, trials = voted.margins <= 0, voted.trials_with_errors()
    said = f"{wrong.sum():,} errors in {len(wrong):,} sentences with something between subject and verb"
    if wrong.any():
        right = 100 * (voted.shares[wrong] > 0).mean(axis=0)
        said += ". Still for the right form there: " + ", ".join(
            f"{name} {share:.0f} %" for name, share in zip(voted.voters, right, strict=True)
        )
    text = (
        "The margin is the sum of what each unit of the last layer adds to it, so it can be split among groups of "
        f"units and nothing is left over. Long-range: {listed(groups['long-range'])}; short-range: "
        f"{listed(groups['short-range'])}. Between subject and verb there is a prepositional phrase or a relative "
        "clause; the paper does not test agreement across the latter.",
        f"{said}.",
    )
    shown = "the conditions with errors" if wrong.any() else "all conditions, there being no errors"
    figure = drawn(
        "votes",
        plot_votes(voted),
        "What each group adds to the margin on the sentences that the network gets right (grey) and wrong (orange): "
        "boxes from the first to the third quartile, whiskers to the 5th and 95th percentile. Below 0 is a vote for "
        "the wrong form.",
        "box plots of votes, a panel a condition",
    )
    caption = (
        f"Votes on right and wrong trials, {shown}: how many trials; the mean vote in nats; in how many percent of "
        "the trials it is for the right form, and in how many it decides: without it the answer would be the other "
        "one. % of gap: the voter's part of the difference between the mean margins of right and of wrong trials."
    )
    tables = (table("votes", caption, *voted.rows(trials)),)
    command = (
        f"votes --units {joined(groups['long-range'])} --short {joined(groups['short-range']) or 'none'}{half(study)}"
    )
    return Section(text, tables, (figure,), (command,), summary=f"{said}.")


def show_smallest(study, found):
    """The smallest sets: of units that are ablated, and of units whose C is exchanged."""
    needed, carry = found["smallest"].needed, found["smallest"].carry
    text = (
        "Units are added to the set one at a time, out of all units of the network: each time the one after which "
        "least is left of nounPP SP and PS on odd ids, until no condition is right on more than 60 %. What is left "
        f"is then measured on even ids, beside random sets. The search here ends at {MOST} units; --most lets it go "
        "on.",
        f"By ablation, the units that are needed. {needed.verdict}",
        f"By interchange, the units that tell the verb the number in the other sentence. {carry.verdict}",
    )
    figures, tables = [], []
    for name, one, how in (
        ("needed", needed, "ablated"),
        ("carry", carry, "with C from the sentence with the other subject"),
    ):
        figures.append(
            drawn(
                f"smallest_{name}",
                plot_smallest(one),
                f"Percent right with one unit more {how} at each step, on items that the units were not chosen on; grey: "
                "random sets of as many units. Below the line at 50 the verb follows another noun, or the other sentence.",
                "line plots of accuracy against the number of units",
            )
        )
        caption = (
            f"Percent right with the units {how}, on even ids. Left: the mean of the conditions, none counted below "
            "chance; for random sets the same."
        )
        tables.append(table(f"smallest_{name}", caption, *one.rows()))
    usual = f"--most {MOST} --random {study.n_random}"
    fewest = "Fewest units without which number is lost across an attractor"
    summary = f"{fewest}: {_named(needed)}; fewest that carry it: {_named(carry)}."
    commands = f"smallest {usual}", f"smallest --interchange {usual}"
    return Section(text, tuple(tables), tuple(figures), commands, summary=summary)


def _named(one):
    return listed(one.units) if one.found else f"more than {listed(one.units)}"
