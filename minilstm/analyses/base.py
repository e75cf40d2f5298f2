"""The nouns that all analyses share.

An `Analysis` is a record: a computation, what it needs, its options, its claims. What it computes is a `Result`, a
frozen dataclass of arrays that shows itself as text, `Table` and `Figure`, without any other result. Command line,
report, ledger of claims, cache and `reproduce` are loops over the list of records, `minilstm.ANALYSES`.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any, NamedTuple

from ..errors import MinilstmError, UnknownWordError
from ..records import short_repr

LINE = 160  # characters of a result in one line
VERDICTS = "holds", "does not hold", "not testable"


class Unavailable(MinilstmError):
    """A result that this model cannot have: it lacks a word that the analysis needs, for instance."""


@short_repr
class Table(NamedTuple):
    """A table of a result, written as NAME.csv as well."""

    name: str
    caption: str
    columns: list[str]
    rows: list[list]  # of str, int, float or None; a float is shown with `digits` decimals
    digits: int | tuple = 1  # a tuple: one a column
    long: bool = False  # too long to be read: for files and programs only


class Figure(NamedTuple):
    """A figure of a result, drawn when it is wanted."""

    name: str
    caption: str  # what is to be seen in it
    alt: str  # what kind of picture it is, for those who cannot see it
    draw: Callable  # () -> matplotlib.figure.Figure


class Result:
    """The base of results: how one shows itself. A subclass overrides what it has."""

    def text(self) -> list[str]:
        """Paragraphs, a list of str."""
        return []

    def tables(self) -> list[Table]:
        """Tables, a list of Table."""
        return []

    def figures(self) -> list[Figure]:
        """Figures, a list of Figure."""
        return []

    def summary(self) -> str:
        """A sentence or two for the top of the report, or nothing."""
        return ""

    def __repr__(self):
        about = self.summary() or ", ".join(table.name for table in self.tables())
        return f"<{type(self).__name__}: {shorten(about, LINE, placeholder=' ...')}>"


class Results(dict[str, Any]):
    """Results by the name of their analysis. One that is unavailable raises, and says why, when it is asked for.

    Attributes
    ----------
    unavailable : dict
        {name: reason}.
    """

    def __init__(self, results: Any = (), unavailable: Any = ()):
        super().__init__(results)
        self.unavailable = dict(unavailable)

    def __missing__(self, name):
        if name not in self.unavailable:
            raise KeyError(name)
        raise Unavailable(f"{name} could not be done: {self.unavailable[name]}")

    def __repr__(self):
        return f"<Results: {len(self)} analyses, {len(self.unavailable)} unavailable>"

    @contextmanager
    def attempt(self, name: str, way_out: str = "") -> Iterator[None]:
        """Record why `name` is unavailable instead of raising an error; not of the first, on which all others rest.

        `way_out` says what helps where that is an unknown word.
        """
        try:
            yield
        except MinilstmError as error:
            self.pop(name, None)
            if not self:
                raise
            self.unavailable[name] = str(error) + way_out * isinstance(error, UnknownWordError)


@dataclass(frozen=True)
class Option:
    """An option of an analysis: a keyword of its computation, a flag of its command, a part of its cache key."""

    name: str  # `most`: the keyword, and the flag --most
    help: str
    default: Any = None
    parse: Callable = str  # of what stands on the command line; raises ArgumentTypeError
    choices: tuple[str, ...] | None = None
    metavar: str | None = None
    repeat: bool = False  # may be given several times
    alias: str | None = None  # the flag, where it is another word

    @property
    def flag(self) -> str:
        """The flag of the command line."""
        return self.alias or "--" + self.name.replace("_", "-")

    def add_to(self, parser: ArgumentParser) -> None:
        """Add the flag to an argparse parser."""
        if self.default is False:
            parser.add_argument(self.flag, dest=self.name, action="store_true", help=self.help)
        else:
            default = list(self.default) if self.repeat else self.default
            parser.add_argument(
                self.flag,
                action="append" if self.repeat else "store",
                dest=self.name,
                type=self.parse,
                choices=self.choices,
                metavar=self.metavar,
                default=default,
                help=self.help,
            )


class Outcome(NamedTuple):
    """Verdict on a claim, and the number that decides it."""

    holds: bool
    value: str
    reason: str = ""


class NotTestable(Exception):
    """Raised where a claim's precondition is missing; `value` is what there is to report all the same."""

    def __init__(self, reason, value="-"):
        super().__init__(reason)
        self.value = value


class Criterion:
    """Criterion of a claim: a sentence and a function that share their numbers, so that each is written once.

    Parameters
    ----------
    text : str
        With the names of the numbers in braces, such as "own - other >= {gap}, both units".
    judge : callable
        (experiment, results, **numbers) -> Outcome; raises NotTestable.
    numbers
        Such as gap=.4.
    """

    def __init__(self, text: str, judge: Callable[..., Outcome], **numbers: Any):
        self.text = text.format(**{name: _short(number) for name, number in numbers.items()})
        self._judge, self.numbers = judge, numbers

    def judge(self, experiment: Any, results: Results) -> Outcome:
        return self._judge(experiment, results, **self.numbers)


def _short(number):
    """A number as the ledger writes it: .4, not 0.4; 7,029."""
    if isinstance(number, float) and 0 < number < 1:
        return f"{number:g}".removeprefix("0")
    return f"{number:,}" if isinstance(number, int) else f"{number:g}" if isinstance(number, float) else str(number)


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, or of a later one, and when it counts as true of a network."""

    number: int  # 1 to 40: the paper's
    section: str  # of the paper; T: table, F: figure, fn: footnote. Of a later claim: where it was published
    text: str
    paper: str  # the value published
    measure: str
    other: Criterion  # for any other network than the paper's own
    original: Criterion | None = None  # for the paper's own, where another one holds for it

    def criterion(self, experiment: Any) -> Criterion:
        """The criterion for the experiment's model."""
        return self.original if self.original and experiment.original else self.other


@short_repr
@dataclass(frozen=True)
class Analysis:
    """One analysis of the paper, or beyond it.

    Attributes
    ----------
    name : str
        Of its result.
    command : str
        What prints its section: `decode`, `dynamics --pool`.
    title : str
    paper : str
        Where it stands in the paper, such as "section 4.2, Fig. 2"; empty beyond the paper.
    compute : callable
        (experiment, results, **options) -> Result.
    summary : str
        What `minilstm --help` says of the command; given by the first of its analyses alone.
    needs : tuple of str
        The analyses whose results it takes. If one of them is unavailable, so is this one, for the same reason.
    section : str
        The analysis in whose section it is shown; its own if empty. Also the folder of its files and its anchor.
    given : callable, optional
        (experiment, units) -> Result, where a user names the units: then nothing is searched.
    given_by : str
        The flag by which they are named: `--units`.
    reads : tuple of str
        What a user may choose of what it reads: "tasks", its sentences; "halves", those with odd or with even ids;
        "activity", gates and cells, after the context as it stands or in lower case.
    requires : str
        The field of an Experiment without which `reproduce` leaves it out.
    options : tuple of Option
    claims : tuple of Claim
        Judged after all analyses, since some read several results. Those of an analysis beyond the paper are claims of
        later papers: they stand in the second part of the ledger, and read this result, those that it needs, and
        `number_units`.
    """

    name: str
    command: str
    title: str
    paper: str
    compute: Callable
    summary: str = ""
    needs: tuple[str, ...] = ()
    section: str = ""
    given: Callable | None = None
    given_by: str = ""
    reads: tuple[str, ...] = ("tasks", "halves")
    requires: str = ""
    options: tuple[Option, ...] = ()
    claims: tuple[Claim, ...] = field(default=(), repr=False)

    @property
    def home(self) -> str:
        """The key of its section."""
        return self.section or self.name


def format_units(units):
    """Unit numbers as text: 'unit 3', 'units 3, 4 and 9', 'no unit'."""
    names = [str(unit) for unit in units]
    if len(names) < 2:
        return f"unit {names[0]}" if names else "no unit"
    return f"units {', '.join(names[:-1])} and {names[-1]}"


def with_roles(roles):
    """Units with their roles as text: 'unit 23 (S*) and unit 8 (P*)'.

    Parameters
    ----------
    roles : dict
        {unit: roles, a tuple of str}.
    """
    names = [f"unit {unit}" + (f" ({', '.join(role)})" if role else "") for unit, role in roles.items()]
    return " and ".join(names)


def fallback_note(roles):
    """A remark where the units shown are no number units; empty otherwise."""
    if any(roles.values()):
        return ""
    return "No unit qualifies as a long-range number unit; the costliest are shown in their place. "
