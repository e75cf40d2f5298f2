"""Groups of units against random sets of as many, condition by condition (sections 4.2 and 4.3)."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..errors import StimulusError
from ..stimuli import EASY, HARD, NA_TASKS
from ..units import collection_of
from .ablation import POINTS, group_ablation, random_sets
from .base import Analysis, Claim, Criterion, Figure, NotTestable, Outcome, Result, Table, format_units
from .experiment import KIND, LINZEN, RANDOM
from .number_agreement import by_condition
from .statistics import ALPHA, random_p, significant, smallest_p
from .style import LIGHTER, LINES, NEUTRAL, WIDTH, figure


class GroupTest(NamedTuple):
    """What ablating a group does in one condition, beside random sets of as many units."""

    task: str
    condition: str
    full: float  # accuracy of the intact network, 0 to 1
    accuracy: float  # with the group ablated
    random: np.ndarray  # (sets,) accuracies with random sets ablated
    p: float  # (b + 1) / (n + 1), b: random sets that hurt at least as much
    power: float  # share of random sets that hit no unit of the group that alone costs more than 10 points
    p_without: float  # p against the random sets that contain none of the units named; nan if there are none such
    sets: int  # how many sets `p_without` rests on
    least_p: float = 0.0  # the smallest p that so many random sets allow

    @property
    def verdict(self):
        """`hurts` or `not significant`; or `too few random sets`, or `no power` since many of them hurt as well."""
        if self.p < ALPHA:
            return "hurts"
        if self.least_p >= ALPHA:
            return "too few random sets"
        return "no power" if self.power < 1 - ALPHA else "not significant"


def group_tests(
    model,
    items,
    units,
    n_random=1000,
    seed=0,
    without=(),
    kind="paper",
    state="context",
    unknown="error",
    progress=False,
):
    """`ablation.group_ablation` in every condition of `items`.

    Parameters
    ----------
    units : iterable of int
        The group, in the paper's numbers.
    n_random : int
        The same random sets serve in all conditions.
    without : iterable of int
        For a second p, random sets that contain one of these are left out: the long-range units decide the hard
        conditions, and a random set that hits one hurts for a reason of its own. (The authors did this too, later.)

    Returns
    -------
    list of GroupTest

    Raises
    ------
    MinilstmError
        If there is no unit, or not one random set.
    """
    if not items:
        raise StimulusError("groups: no sentence is left to judge them on: units are searched on odd ids, see --half")
    units, without, total = sorted(set(collection_of(units))), set(without), sum(model.sizes)
    draws = random_sets(total, len(units), n_random, seed)  # those that group_ablation draws
    kept = np.array([without.isdisjoint(draw) for draw in draws])
    tests = []
    for (task, condition), indices in by_condition(items).items():
        some = [items[k] for k in indices]
        group = group_ablation(model, some, units, n_random, seed, kind, state, unknown, progress)
        p_without = random_p(group.random[kept] <= group.accuracy) if kept.any() else np.nan
        tests.append(
            GroupTest(
                task,
                condition,
                group.intact,
                group.accuracy,
                group.random,
                group.p,
                group.power,
                float(p_without),
                int(kept.sum()),
                smallest_p(total, len(units), n_random),
            )
        )
    return tests


def table(tests, name="groups", what="units"):
    """A base.Table of group tests; with `p without` only where it leaves any set out."""
    columns = ["task", "condition", "full %", "ablated %", "random sets %", "p", "power", "verdict"]
    digits, n = (0, 0, 1, 1, 1, 4, 2, 0), len(tests[0].random)
    rows = [
        [t.task, t.condition, 100 * t.full, 100 * t.accuracy, 100 * float(t.random.mean()), t.p, t.power, t.verdict]
        for t in tests
    ]
    caption = (
        f"The {what} ablated together, beside {n} random sets of as many units: p = (b + 1) / (n + 1), where b of n "
        "random sets hurt at least as much. Power: the share of random sets that contain none of the group's units "
        f"whose ablation alone costs more than {100 * POINTS:.0f} points."
    )
    verdicts = {
        "not significant": f"p is {ALPHA} or more.",
        "no power": f"p is {ALPHA} or more, but so many random sets contain such a unit that the group could not stand "
        "out: no evidence of absence.",
        "too few random sets": f"with so few, no p could be below {ALPHA}.",
    }
    for verdict, meaning in verdicts.items():
        if any(t.verdict == verdict for t in tests):
            caption += f" '{verdict}': {meaning}"
    if any(t.sets < len(t.random) for t in tests):
        caption += " p without: the same beside those random sets only that contain none of the long-range units."
        columns.insert(6, "p without")
        digits = (*digits[:6], 4, *digits[6:])
        for row, t in zip(rows, tests, strict=True):
            row.insert(6, t.p_without)
    return Table(name, caption, columns, rows, digits)


GROUPS = {
    "short": "short-range units",
    "short and long": "short-range units with S* and P*",
    "syntax": "syntax units, the outliers of the regression on depth",
    "given": "units given",
}


@dataclass(frozen=True, eq=False, repr=False)
class Groups(Result):
    """Groups of units, each ablated together.

    Attributes
    ----------
    units : dict
        {name of `GROUPS`: units}; () where there are none to ablate.
    tests : dict
        {name: list of GroupTest}, of the groups that have units.
    """

    units: dict
    tests: dict

    def text(self):
        text = []
        for name, units in self.units.items():
            if not units:
                text.append(f"The {GROUPS[name]}: there are none to ablate.")
                continue
            text.append(
                f"Without the {GROUPS[name]} ({format_units(units)}) agreement suffers more than without as many "
                f"random units {_where_it_hurts(self.tests[name])}."
            )
        return text

    def tables(self):
        return [table(tests, f"groups_{name.replace(' ', '_')}", GROUPS[name]) for name, tests in self.tests.items()]

    def figures(self):
        if not self.tests:
            return []
        return [
            Figure(
                "groups",
                "What is left without a group of units, diamonds (filled where p < .05), and what is left without "
                "random sets of as many units: boxes from the first to the third quartile, whiskers to the 5th and "
                "95th percentile, the sets beyond as dots. A bar is the intact network. Short: short-range units; "
                "long: S* and P*; syntax: the outliers of the regression on depth.",
                "box plots of accuracy, a panel a group, a box a condition",
                lambda: plot_groups({name.replace(" and ", " + "): tests for name, tests in self.tests.items()}),
            )
        ]

    def summary(self):
        groups = GROUPS | {"short and long": "short-range units with the number units"}
        texts = [f"the {groups[name]} {_where_it_hurts(tests)}" for name, tests in self.tests.items()]
        what = "Agreement suffers more without a group of units than without as many random ones"
        return f"{what}: {'; '.join(texts)}." if texts else ""


def _where_it_hurts(tests):
    """In how many conditions a group hurts, and which; and in how many that cannot be seen."""
    hurts = [f"{t.task} {t.condition}".strip() for t in tests if t.verdict == "hurts"]
    unseen = sum(t.verdict in ("no power", "too few random sets") for t in tests)
    if unseen == len(tests):
        return f"in none of {unseen} conditions, but random sets cannot tell in any"
    text = f"in {len(hurts)} of {len(tests)} conditions" + (f" ({', '.join(hurts)})" if hurts else "")
    return text + (f", while in {unseen} random sets cannot tell" if unseen else "")


def plot_groups(groups):
    """Groups of units ablated together beside random sets of as many units, a panel a group, condition by condition.

    Boxes from the first to the third quartile of the random sets, whiskers to the 5th and the 95th percentile, the sets
    beyond as dots. A bar is the intact network; a diamond the group, filled where p < .05.

    Parameters
    ----------
    groups : dict
        {name of a group: list of GroupTest}, none of them empty.

    Returns
    -------
    matplotlib.figure.Figure
    """
    longest = max(map(len, groups.values()))
    fig, axes = figure(1, len(groups), max(WIDTH, (0.27 * longest + 0.4) * len(groups) + 0.4), 2.7, sharey=True)
    color = LINES[1][0]
    for axis, (name, tests) in zip(axes[0], groups.items(), strict=True):
        axis.boxplot(
            [100 * test.random for test in tests],
            positions=np.arange(len(tests)) - 0.15,
            widths=0.4,
            whis=(5, 95),
            flierprops={"marker": ".", "markersize": 4, "markeredgecolor": LIGHTER, "markerfacecolor": LIGHTER},
            **{f"{part}props": {"color": NEUTRAL} for part in ("box", "whisker", "cap", "median")},
        )
        for k, test in enumerate(tests):
            axis.hlines(100 * test.full, k - 0.42, k + 0.42, color="black", linewidth=1.6)
            axis.plot(
                k + 0.24,
                100 * test.accuracy,
                "D",
                color=color,
                markersize=5.5,
                markerfacecolor=color if test.p < ALPHA else "white",
            )
        labels = [f"{test.task} {test.condition}".strip() for test in tests]
        axis.set_xticks(range(len(tests)), labels, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
        axis.set_xlim(-0.6, len(tests) - 0.4)
        axis.set_title(name, fontsize=8)
    axes[0, 0].set_ylabel("right, %", fontsize=8)
    looks = {
        "intact": ("_", "black", "black"),
        "random sets": ("s", NEUTRAL, "white"),
        "the group, p < .05": ("D", color, color),
        "p .05 or more": ("D", color, "white"),
    }
    lines = [
        axes[0, 0].plot([], [], marker, color=edge, markerfacecolor=face)[0] for marker, edge, face in looks.values()
    ]
    fig.legend(lines, looks, loc="outside upper center", ncols=4, fontsize=7, frameon=False, handletextpad=0.2)
    return fig


def compute(experiment, results):
    """Short-range units, these and the number units, and syntax units, where the paper says that they matter."""
    number_units = results["number_units"]
    if number_units.named:
        return given(experiment, number_units.named)
    short, long_range, outliers = results["short_range"].units, number_units.long_range, results["depth"].outliers
    easy, hard = experiment.sentences(*EASY), experiment.sentences("nounPP", "nounPPAdv")
    if not (experiment.tasks or experiment.stimuli):
        hard = [item for item in hard if (item.task, item.condition) in HARD]
    units = {
        "short": short,
        "short and long": (*short, *long_range) if short and long_range else (),
        "syntax": outliers,
    }
    items = {"short": easy, "short and long": easy, "syntax": hard}
    return Groups(
        units,
        {name: _tests(experiment, items[name], group, name == "syntax") for name, group in units.items() if group},
    )


def given(experiment, units):
    """The units that a user names, in every condition."""
    return Groups({"given": units}, {"given": _tests(experiment, experiment.sentences(*NA_TASKS), units, True)})


def _tests(experiment, items, units, linzen):
    """`group_tests` as the experiment says; in the Linzen set as well, if it is there and asked for."""
    how = {"n_random": experiment.n_random, "seed": experiment.seed, "kind": experiment.kind}
    how |= {"state": experiment.state, "progress": experiment.progress}
    tests = group_tests(experiment.model, items, units, unknown=experiment.unknown, **how)
    if linzen and experiment.usable_linzen:  # one condition, however many attractors there are
        pooled = [replace(item, condition="") for item in experiment.usable_linzen]
        tests += group_tests(experiment.model, pooled, units, unknown="<unk>", **how)
    return tests


def short_range_units_matter(experiment, results, needed, of, alpha):
    return _matter(experiment, results, "short", needed, of, alpha)


def short_and_long_range_units_matter(experiment, results, needed, of, alpha):
    results["number_units"].both()
    return _matter(experiment, results, "short and long", needed, of, alpha)


def _matter(experiment, results, name, needed, of, alpha):
    if not results["short_range"].units:
        raise NotTestable("no short-range unit")
    units = set(results["groups"].units[name])
    return significant(experiment, results["groups"].tests[name], len(units), needed, of, alpha)


def syntax_units_matter(experiment, results, needed, of, alpha):
    tests, outliers = _of_syntax_units(results)
    missing = [] if experiment.usable_linzen else ["Linzen"]
    return significant(experiment, tests, len(outliers), needed, of, alpha, missing)


def syntax_units_matter_as_published(experiment, results, needed, of, alpha):
    tests, _ = _of_syntax_units(results)
    same = sum((t.p < alpha) == SYNTAX_HURTS[t.task, t.condition] for t in tests)
    value = ", ".join(f"{t.task} {t.condition} {t.p:.3g}" for t in tests)
    if same == needed - 1 and not experiment.usable_linzen:  # the fifth decides
        raise NotTestable(experiment.why_no_linzen, value)
    return Outcome(same >= needed, value, f"on the paper's side of {str(alpha).lstrip('0')} in {same}")


def _of_syntax_units(results):
    if not results["depth"].outliers:
        raise NotTestable("no weight is an outlier")
    return results["groups"].tests["syntax"], results["depth"].outliers


# On which side of .05 the paper's p of the syntax units are
SYNTAX_HURTS = {
    ("Linzen", ""): True,
    ("nounPPAdv", "SP"): True,
    ("nounPPAdv", "PS"): True,
    ("nounPP", "SP"): True,
    ("nounPP", "PS"): False,
}
_ALL, _MOST = {"needed": 6, "of": 6, "alpha": 0.01}, {"needed": 4, "of": 6, "alpha": ALPHA}
CLAIMS = (
    Claim(
        26,
        "4.2",
        "Ablating them hurts the easy tasks",
        "p < .01 in all 6",
        "against random sets",
        original=Criterion(
            "p < {alpha} in all {of}; accuracies are not compared: the paper's list of units is not published",
            short_range_units_matter,
            **_ALL,
        ),
        other=Criterion("p < {alpha} in {needed} of {of} or more", short_range_units_matter, **_MOST),
    ),
    Claim(
        27,
        "4.2",
        "So does ablating them with the number units",
        "p < .01 in all 6",
        "against random sets",
        original=Criterion("p < {alpha} in all {of}", short_and_long_range_units_matter, **_ALL),
        other=Criterion("p < {alpha} in {needed} of {of} or more", short_and_long_range_units_matter, **_MOST),
    ),
    Claim(
        32,
        "4.3",
        "The syntax units are needed across an intervening noun",
        ".024, .011, .034, < .001, .052",
        "p against random sets: Linzen, nounPPAdv SP and PS, nounPP SP and PS",
        original=Criterion(
            "on the paper's side of {alpha} in {needed} of {of} or more",
            syntax_units_matter_as_published,
            needed=4,
            of=5,
            alpha=ALPHA,
        ),
        other=Criterion("p < {alpha} in {needed} of {of} or more", syntax_units_matter, needed=2, of=5, alpha=ALPHA),
    ),
)
ANALYSIS = Analysis(
    "groups",
    "ablate --group",
    "Groups of units against random sets",
    "sections 4.2 and 4.3",
    compute,
    needs=("number_units", "short_range", "depth"),
    given=given,
    given_by="--units",
    options=(RANDOM, LINZEN, KIND),
    claims=CLAIMS,
)
