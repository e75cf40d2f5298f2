"""The groups of units that the paper ablates: short-range units, and syntax units (sections 4.2 and 4.3)."""

from dataclasses import dataclass, replace

from ..stimuli import EASY, HARD, NA_TASKS
from .base import Analysis, Claim, Criterion, Figure, NotTestable, Outcome, Result, format_units
from .experiment import KIND, LINZEN, RANDOM
from .group_tests import group_tests, plot_groups, significant, table
from .statistics import ALPHA

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
