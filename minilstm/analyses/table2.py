"""Table 2 for any model: what the network gets right, and what each unit has to do with it (section 4.1)."""

from dataclasses import dataclass

import numpy as np

from ..errors import NothingScoredError, StimulusError
from ..stimuli import LEXICONS, NA_TASKS
from ..stimuli.fragment_lexicon import is_held_out
from .ablation import long_range_units, missing_conditions, set_margins
from .agreement_claims import CLAIMS
from .base import Analysis, Figure, NotTestable, Result, Table
from .drops import SPARED_RATIO, drops, plot_ablations, spared
from .experiment import KIND
from .number_agreement import agreement, by_condition, share_right
from .published import TABLE_2


@dataclass(frozen=True, eq=False, repr=False)
class Table2(Result):
    """Agreement, intact and with every unit ablated alone.

    Attributes
    ----------
    items : tuple of stimuli.Item
    full : (items,) array
        Margins log p(right) - log p(wrong), intact.
    ablated : (units, items) array
        Unit u + 1 ablated alone.
    numbers : dict
        {"S": [...], "P": [...]}: the long-range number units by `ablation.long_range_units`, in the paper's numbers;
        None where the items lack a condition that the rule needs.
    held_out : (items,) bool array or None
        Items whose subject and verb never met in training, for a model of the fragment.
    margins_lowercase : (items,) array or None
        As `full`, after the context in lower case; for the paper's model.
    verb_form_counts : (2, verbs) array or None
        How often the singular and the plural forms of the verbs of the tasks stand in the training text.
    """

    items: tuple
    full: np.ndarray
    ablated: np.ndarray
    numbers: dict | None
    held_out: np.ndarray | None
    margins_lowercase: np.ndarray | None = None
    verb_form_counts: np.ndarray | None = None

    def where(self, task, condition):
        """The items of a condition: (items,) bool."""
        return np.array([(item.task, item.condition) == (task, condition) for item in self.items])

    def accuracy(self, task, condition):
        """Share right of all items of a condition, intact."""
        return share_right(self.full[self.where(task, condition)])

    def intact(self, experiment, task, condition):
        """Share right of the evaluation items of a condition, intact."""
        return share_right(self.full[self.where(task, condition) & experiment.evaluates(self.items)])

    def without(self, experiment, task, condition, units=None):
        """The same with each of `units`, all if not given, ablated alone: (units,)."""
        rows = slice(None) if units is None else np.array(units, int) - 1
        return share_right(self.ablated[rows][:, self.where(task, condition) & experiment.evaluates(self.items)])

    def paired(self, first, second):
        """Margins of the items of two (task, condition) that have an id in both: two (pairs,) arrays."""
        sides = [
            {
                item.id: margin
                for item, margin in zip(self.items, self.full, strict=True)
                if (item.task, item.condition) == key and not np.isnan(margin)
            }
            for key in (first, second)
        ]
        shared = [id for id in sides[0] if id in sides[1]]
        if not shared:
            raise NotTestable(f"no sentence of {' '.join(first)} is scored that has its counterpart in {second[1]}")
        return tuple(np.array([side[id] for id in shared]) for side in sides)

    def hardest(self):
        """The condition (task, condition) with the lowest accuracy, or of several the smallest mean margin."""
        scored = np.flatnonzero(~np.isnan(self.full))
        where = {key: scored[k] for key, k in by_condition([self.items[k] for k in scored]).items()}
        return min(where, key=lambda key: (share_right(self.full[where[key]]), np.nanmean(self.full[where[key]])))

    def rows(self):
        """Columns and rows of the table: accuracies in percent, mean margins in nats."""
        units = [unit for named in (self.numbers or {}).values() for unit in named]
        columns = ["task", "condition", "n", "paper", "full", "held out", "margin", *(f"{unit} off" for unit in units)]
        rows = []
        for (task, condition), where in by_condition(self.items).items():
            full = share_right(self.full[where])
            held_out = None
            if self.held_out is not None and self.held_out[where].any():
                held_out = 100 * share_right(self.full[where][self.held_out[where]])
            off = share_right(self.ablated[[unit - 1 for unit in units]][:, where]) if units else ()
            scored = ~np.isnan(self.full[where])
            margin = self.full[where][scored].mean() if scored.any() else None
            cells = [None if spared(full, now, SPARED_RATIO) else 100 * now for now in off]
            paper = TABLE_2.get((task, condition))
            rows.append([task, condition, int(scored.sum()), paper, 100 * full, held_out, margin, *cells])
        return columns, rows

    @property
    def drops(self):
        """The accuracy in each condition, intact and without each unit."""
        return drops(self.items, self.full, self.ablated)

    def units_above_threshold(self):
        """Columns and rows: every unit whose ablation costs more than 10 points somewhere, and its role by the rule."""
        names = {"S": "long-range singular", "P": "long-range plural"}
        roles = {unit: names[number] for number, units in (self.numbers or {}).items() for unit in units}
        return self.drops.above_threshold(roles)

    def text(self):
        paper = TABLE_2.get(self.hardest())
        paper = "" if paper is None else f" (accuracy in the paper: {paper:.1f} %)"
        text = [
            f"The network is asked {len(self.items):,} times which of two verb forms is likelier, and is right on "
            f"{100 * share_right(self.full):.1f} %. {self._hardest()}{paper}."
        ]
        if any(item.condition == "SP" for item in self.items):
            text[0] += (
                " The conditions tell the number of each noun, the subject's first: in SP a plural noun, an attractor, "
                "stands between a singular subject and its verb."
            )
        if skipped := int(np.isnan(self.full).sum()):
            text.append(
                f"{skipped} of {len(self.items)} sentences not scored: the model lacks one of their verb forms."
            )
        return text

    def _hardest(self):
        """The hardest condition in words; where all are solved, the one with the smallest margin."""
        hardest = self.hardest()
        name, accuracy = " ".join(hardest), self.accuracy(*hardest)
        if accuracy == 1:
            return f"The smallest mean margin is that of {name}, {np.nanmean(self.full[self.where(*hardest)]):.1f} nats"
        return f"The hardest condition is {name}, with {100 * accuracy:.1f} %"

    def tables(self):
        columns, rows = self.rows()
        caption = (
            "Table 2. Percent correct in all sentences, whether their ids are odd or even, in the paper's network and "
            "in this one; the mean margin log p(right) - log p(wrong) in nats."
        )
        if self.held_out is not None:
            caption += " 'held out': sentences whose subject and verb never met in training."
        if columns[-1].endswith(" off"):
            caption += f" 'off': with that unit ablated, where that is below {SPARED_RATIO} x full."
        tables = [Table("table2", caption, columns, rows)]
        strong = self.units_above_threshold()
        if strong[1]:
            caption = (
                "Units that cost more than 10 points somewhere when ablated alone, in all sentences. Role: what the "
                "rule for long-range number units makes of them; '-': no number unit by that rule."
            )
            tables.append(Table("strong_units", caption, *strong))
        return [*tables, self._by_unit(), self._margins()]

    def _by_unit(self):
        """The accuracy without each unit, condition by condition."""
        by_unit = self.drops
        columns = ["unit", *(f"{task} {condition}" for task, condition in by_unit.full)]
        rows = [["full", *(100 * accuracy for accuracy in by_unit.full.values())]]
        rows += [
            [str(u + 1), *(100 * accuracy[u] for accuracy in by_unit.accuracy.values())]
            for u in range(len(self.ablated))
        ]
        return Table("by_unit", "Percent correct without each unit.", columns, rows, long=True)

    def _margins(self):
        columns = ["task", "condition", "id", "prefix", "right", "wrong", "full"]
        rows = [
            [item.task, item.condition, item.id, " ".join(item.prefix), item.right, item.wrong, margin]
            for item, margin in zip(self.items, self.full.tolist(), strict=True)
        ]
        return Table("margins", "Margins of all sentences.", columns, rows, digits=4, long=True)

    def figures(self):
        return [
            Figure(
                "ablations",
                "What each unit is needed for: points of accuracy lost in each condition (columns) when a unit (rows) "
                "is ablated alone, for the units that matter somewhere. By the rule, a long-range number unit "
                "shows in nounPP and nounPPAdv with an attractor after subjects of its number, and neither in Simple "
                "of its number nor in nounPP of the other. The rule does not read the other conditions, where such a "
                "unit may show as well.",
                "heat map of points lost, units by conditions",
                lambda: plot_ablations(self.drops),
            )
        ]

    def summary(self):
        tasks = list(dict.fromkeys(item.task for item in self.items))
        tasks = "the seven NA-tasks" if tasks == list(NA_TASKS) else ", ".join(tasks)
        hardest = self._hardest()
        return (
            f"Right on {100 * share_right(self.full):.1f} % of {(~np.isnan(self.full)).sum():,} sentences of {tasks}; "
            f"{hardest[0].lower()}{hardest[1:]}."
        )


def table2(model, items, kind="paper", state="context", unknown="error", progress=False):
    """Agreement and the single-unit ablation sweep on `items`.

    Returns
    -------
    Table2
    """
    items = tuple(items)
    if not items:
        raise StimulusError("table 2: expected at least one item, got none")
    sets = [(), *((unit,) for unit in range(1, sum(model.sizes) + 1))]
    margins = set_margins(model, items, sets, kind, state, unknown, progress)
    full, ablated = margins[0].astype(np.float64), margins[1:]
    if np.isnan(full).all():
        raise NothingScoredError(
            f"nothing is scored: the model knows both verb forms of none of {len(items)} sentences"
        )
    numbers = None
    if not missing_conditions(items):
        numbers = {key: [int(u) + 1 for u in units] for key, units in long_range_units(items, full, ablated).items()}
    held_out = np.array([is_held_out(item) for item in items]) if "fragment" in model.provenance else None
    return Table2(items, full, ablated, numbers, held_out, verb_form_counts=verb_form_counts(model))


def verb_form_counts(model):
    """Counts of the verb forms of the NA-tasks in the training text: (2, verbs), or None."""
    known = set(model.vocabulary)
    pairs = [pair for pair in LEXICONS["paper"].verbs if known.issuperset(pair)]
    if model.word_counts is None or not pairs:
        return None
    return np.array([model.word_counts[model.encode(forms)] for forms in zip(*pairs, strict=True)])


def compute(experiment, results):
    """Table 2 on all sentences of the seven tasks, or on those that the user asked for."""
    from dataclasses import replace

    items = experiment.items
    result = table2(experiment.model, items, experiment.kind, progress=experiment.progress, **experiment.reading)
    if experiment.original:
        lowercase = agreement(experiment.model_lowercase_context, items, **experiment.reading).margins
        result = replace(result, margins_lowercase=lowercase)
    return result


ANALYSIS = Analysis(
    "agreement",
    "ablate",
    "Number agreement and single units",
    "section 4.1, Tables 1 and 2",
    compute,
    summary="ablate units, alone or as a group, and see what it costs",
    options=(KIND,),
    claims=CLAIMS,
)
