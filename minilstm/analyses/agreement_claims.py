"""Claims about number agreement and the ablation of single units (section 4.1, Table 2)."""

import numpy as np

from ..stimuli import CONDITIONS, EASY
from .base import Claim, Criterion, NotTestable, Outcome
from .drops import SPARED_RATIO, spared
from .number_agreement import share_right
from .published import TABLE_2
from .statistics import ALPHA, CEILING, TESTABLE, easier, percent


def scored(table, *conditions):
    """Raise NotTestable unless the model knows both verb forms of some sentence in every (task, condition)."""
    for task, condition in conditions:
        if np.isnan(table.accuracy(task, condition)):
            raise NotTestable(f"the model knows both verb forms of no sentence of {task} {condition}")


def solved(table, *conditions):
    """Raise NotTestable unless the intact network is right often enough in every (task, condition)."""
    scored(table, *conditions)
    for task, condition in conditions:
        accuracy = table.accuracy(task, condition)
        if not accuracy >= TESTABLE:
            raise NotTestable(f"intact, it is right on {percent(accuracy)} % of {task} {condition}, less than 60 %")


def solves_tasks(experiment, results, least):
    scored(results["agreement"], ("Simple", "S"), ("Simple", "P"))
    shares = [results["agreement"].accuracy("Simple", number) for number in "SP"]
    return Outcome(min(shares) >= least / 100, f"Simple S {percent(shares[0])}, P {percent(shares[1])}")


def reproduces_table_2(experiment, results, points):
    table, away = results["agreement"], {}
    scored(table, *TABLE_2)
    for name, margins in (("as written", table.full), ("lower-cased", table.margins_lowercase)):
        away[name] = max(abs(100 * share_right(margins[table.where(*key)]) - paper) for key, paper in TABLE_2.items())
    value = ", ".join(f"context {name}: {distance:.1f} points away at most" for name, distance in away.items())
    return Outcome(min(away.values()) <= points, value, f"the context fits {min(away, key=away.get)}")


def order_of_tasks(experiment, results):
    table, tasks = results["agreement"], ("Simple", "CoAdv", "nounPP")
    means, margins = {}, {}
    scored(table, *((task, condition) for task in tasks for condition in CONDITIONS[task]))
    for task in tasks:
        where = [table.where(task, condition) for condition in CONDITIONS[task]]
        means[task] = float(np.mean([share_right(table.full[k]) for k in where]))
        margins[task] = float(np.mean([np.nanmean(table.full[k]) for k in where]))
    holds, at_ceiling = True, []
    for easy, hard in zip(tasks, tasks[1:], strict=False):
        if min(means[easy], means[hard]) >= CEILING:
            at_ceiling.append(f"{easy} and {hard}")
            holds &= margins[easy] > margins[hard]
        else:
            holds &= means[easy] > means[hard]
    value = ", ".join(f"{task} {percent(means[task])} (margin {margins[task]:.2f})" for task in tasks)
    return Outcome(holds, value, f"by margin, at the ceiling: {'; '.join(at_ceiling)}" if at_ceiling else "")


def attractors_hurt(experiment, results, pairs, alpha):
    holds, texts = [], []
    for first, second in pairs:
        better, text, p = easier(*results["agreement"].paired(first, second))
        holds.append(better and p < alpha)
        texts.append(f"{second[0]} {second[1]} v {first[1]}: {text} (p {p:.2g})")
    return Outcome(all(holds), "; ".join(texts), f"{sum(holds)} of {len(holds)}")


def singular_is_harder(experiment, results, reason):
    comparisons = [
        (task, *easier(*results["agreement"].paired((task, "PS"), (task, "SP")))) for task in ("nounPP", "nounPPAdv")
    ]
    value = "; ".join(f"{task} SP v PS: {text} (p {p:.2g})" for task, _, text, p in comparisons)
    return Outcome(all(better for _, better, *_ in comparisons), value, reason)


def plural_is_the_default(experiment, results):
    counts = results["agreement"].verb_form_counts
    if counts is None:
        raise NotTestable("the model's file has no word counts, or its vocabulary none of the 15 verbs")
    more = int((counts[1] > counts[0]).sum())
    return Outcome(2 * more > counts.shape[1], f"{more} of {counts.shape[1]} verbs")


def easy_tasks_need_no_unit(experiment, results, share):
    hit, value = _units_of_easy_tasks(experiment, results, share)
    return Outcome(not hit, value)


def easy_tasks_spare_the_published(experiment, results, share):
    hit, value = _units_of_easy_tasks(experiment, results, share)
    return Outcome(not {776, 988} & set(hit), value, "other units are reported only")


def _units_of_easy_tasks(experiment, results, share):
    """{unit: conditions} of the units that cost something in the easy tasks; and that as text."""
    table, keys, hit = results["agreement"], [(task, number) for task in EASY for number in "SP"], {}
    solved(table, *keys)
    for key in keys:
        for u in np.flatnonzero(~spared(table.intact(experiment, *key), table.without(experiment, *key), share)):
            hit.setdefault(int(u) + 1, []).append(" ".join(key))
    return hit, "; ".join(f"{unit}: {', '.join(where)}" for unit, where in hit.items()) or "none"


_NOUN_PP = ((("nounPP", "SS"), ("nounPP", "SP")), (("nounPP", "PP"), ("nounPP", "PS")))
_ALL_FIVE = (
    *_NOUN_PP,
    (("nounPPAdv", "SS"), ("nounPPAdv", "SP")),
    (("nounPPAdv", "PP"), ("nounPPAdv", "PS")),
    (("namePP", "SS"), ("namePP", "PS")),
)
CLAIMS = (
    Claim(
        1,
        "4.1 T2",
        "The network solves the NA-tasks",
        "18 cells of Table 2",
        "accuracy, intact",
        original=Criterion(
            "all cells within {points} point; which casing of the context fits", reproduces_table_2, points=1
        ),
        other=Criterion("Simple >= {least} % in both conditions", solves_tasks, least=95),
    ),
    Claim(
        3,
        "4.1",
        "Simple is easier than CoAdv, CoAdv than nounPP",
        "100 > 99.0 > 94.4 %",
        "mean over conditions",
        other=Criterion("this order", order_of_tasks),
    ),
    Claim(
        4,
        "4.1",
        "Attractors hurt",
        "SP < SS, PS < PP",
        "nounPP and nounPPAdv; namePP PS < SS",
        original=Criterion("all five in this order", attractors_hurt, pairs=_ALL_FIVE, alpha=np.inf),
        other=Criterion("both of nounPP, Sig", attractors_hurt, pairs=_NOUN_PP, alpha=ALPHA),
    ),
    Claim(
        5,
        "4.1",
        "SP is harder than PS",
        "87.2 < 92.0, 91.2 < 99.2 %",
        "nounPP, nounPPAdv",
        original=Criterion("both", singular_is_harder, reason=""),
        other=Criterion("report the sign: both", singular_is_harder, reason="reported: not claimed of other models"),
    ),
    Claim(
        6,
        "4.1",
        "Plurals are the unigram default",
        "-",
        "training counts of the 15 verbs",
        other=Criterion("plural more frequent in most", plural_is_the_default),
    ),
    Claim(
        12,
        "4.2",
        "No single unit hurts the easy tasks",
        "'-'",
        "every unit ablated alone; Simple, Adv, 2Adv, S and P",
        original=Criterion(
            "776 and 988 >= {share} x intact; others are reported", easy_tasks_spare_the_published, share=SPARED_RATIO
        ),
        other=Criterion("no unit < {share} x intact", easy_tasks_need_no_unit, share=SPARED_RATIO),
    ),
)
