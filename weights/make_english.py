"""Make the files that are shipped of what the training of the English model left.

    python weights/make_english.py model DATA RUN FINAL --out weights/english.npz
    python weights/make_english.py moments DATA RUN FINAL --out weights/english_moments
    python weights/make_english.py moments DATA RUN FINAL --earlier FORMER --out weights/english_moments

    python weights/make_english.py model DATA RUN FINAL --out weights/english-650.npz --precision int8 --on "an H100"

DATA is the folder that `prepare_text.py` wrote, RUN that of `train_english.py train` and FINAL that of `decay`. The
model is rounded to float16, or its tables of words to int8 rows, and says how it was made; `measure_english.py` then
writes down what it can do. The moments are snapshots from log-spaced times, rounded to a few bits, so that a handful of
them takes 6 MB; of a model that was begun with another, some of that one's and the finished one. Needs PyTorch.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from minilstm import LanguageModel, load
from minilstm.analyses.table2 import table2
from minilstm.stimuli import na_tasks

CONTEXT = "The old house stood at the end of the road . <eos> Some of the children had gone to the village . <eos>"
MANTISSA = 4  # bits of a moment's numbers


def read_log(folder):
    """[(tokens, seconds, held-out perplexity, training loss)] of a run."""
    return [tuple(map(float, line.split("\t"))) for line in (folder / "log.tsv").read_text().splitlines()]


def provenance(data, run, final, lexicon, on):
    """How the model was made: {what: answer}, from the files that the training wrote."""
    import torch
    import train_english as recipe

    report = json.loads((data / "sources.json").read_text(encoding="utf-8"))
    saved = torch.load(final / "checkpoint.pt", weights_only=True, map_location="cpu")
    place, settings = saved["place"], recipe.Settings(**saved["settings"])
    log = [row for row in read_log(run) if row[0] <= place["decay_from"]] + read_log(final)  # RUN may have gone on
    begun = place.get("begun", {"from": "", "tokens": 0})
    softmax = f"the batch's own words and {settings.samples} sampled ones; all words at the end"
    return {
        "text": {name: entry["words"] for name, entry in report["sources"].items()},
        "read more than once an epoch": {
            name: entry["repeat"] for name, entry in report["sources"].items() if entry["repeat"] > 1
        },
        "training tokens an epoch": report["training_tokens"],
        "held-out sentences": report["held_out_sentences"],
        "share of unknown words": report["unknown_share"],
        "tokens read": begun["tokens"] + place["tokens"],
        "of which by the weights it began from": begun["tokens"],
        "of which at the falling rate": place["tokens"] - place["decay_from"],
        "of which with the full softmax": int(max(place["tokens"] - place["full_from"], 0)),
        "processor seconds": round(place["seconds"]),
        "trained on": on,
        "optimiser": f"Adam {settings.rate} {recipe.BETAS}, {recipe.WARM_UP} updates of warm-up, gradients clipped at "
        f"{recipe.CLIP}, batch {settings.batch} x {recipe.STEPS}; at the end a rate falling linearly to 0",
        "dropout": settings.dropout,
        "softmax": softmax if settings.samples else "all words",
        "seed": settings.seed,
        "held-out perplexity after so many tokens": {f"{row[0]:.0f}": row[2] for row in log},
        "began from": begun["from"],
        "lexicon": lexicon,
    }


def make_model(data, run, final, lexicon, on, precision, out):
    """Write the model, find its number units in what was written, and write it again with their names."""
    with np.load(final / "weights.npz") as file:
        tensors = {name: file[name] for name in file.files}
    model = LanguageModel.from_state_dict(
        tensors,
        (data / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1],
        context=CONTEXT.split(),
        word_counts=np.load(data / "word_counts.npy").astype(np.int64),
        provenance=provenance(data, run, final, lexicon, on),
    )
    model.save(out, precision)
    model = load(out)
    units = table2(model, na_tasks(lexicon), progress=True).numbers
    model.provenance["number_units"] = [*units["S"], *units["P"]]
    model.save(out, precision)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB; long-range units: singular {units['S']}, plural {units['P']}")


def round_mantissa(array, bits=MANTISSA):
    """float16 with so many bits of mantissa of its ten, to the nearest: zeros at the end, which deflate takes out."""
    drop = 10 - bits
    pattern = array.astype(np.float16).view(np.uint16)
    return ((pattern + (1 << drop >> 1)) >> drop << drop).astype(np.uint16).view(np.float16)


def make_moments(data, run, final, count, out):
    """Write `count` snapshots, log-spaced from a million tokens on, the last one the finished model's.

    They hold the rows of some words; those words are written to `vocabulary.txt`, in the order of the rows.
    """
    vocabulary = (data / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    constant, falling = (
        {int(path.stem.split("-")[1]): path for path in (folder / "snapshots").iterdir()} for folder in (run, final)
    )
    paths = {tokens: path for tokens, path in constant.items() if tokens < min(falling)} | falling
    wanted = np.geomspace(1e6, max(paths), count)
    times = {min(paths, key=lambda tokens: abs(np.log((tokens + 1) / time))) for time in wanted}
    moments = []
    for tokens in sorted(times):
        with np.load(paths[tokens]) as file:
            moments.append({name: file[name] for name in file.files})
    write_moments(moments, [vocabulary[row] for row in moments[0]["rows"]], out)


def make_later_moments(data, final, count, earlier, out):
    """Likewise of a model that was begun with another: `count` - 1 moments of that one, and the finished model.

    `earlier` is the folder of the other's moments; those words are kept that both models know.
    """
    import torch

    vocabulary = (data / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    place = torch.load(final / "checkpoint.pt", weights_only=True, map_location="cpu")["place"]
    paths = sorted(earlier.glob("tokens-*.npz"))
    chosen = [paths[k] for k in np.linspace(0, len(paths) - 1, count - 1).round().astype(int)]
    earlier_words = (earlier / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
    moments = []
    for path in chosen:
        with np.load(path) as file:
            words = [earlier_words[row] for row in file["rows"]]
            known = [k for k, word in enumerate(words) if word in vocabulary]
            tables = {name: file[name][known] for name in ("encoder.weight", "decoder.weight", "decoder.bias")}
            rnn = {name: file[name] for name in file.files if name.startswith("rnn.")}
            moments.append(rnn | tables | {"tokens": file["tokens"]})
    words = [words[k] for k in known]
    with np.load(final / "weights.npz") as file:
        rows = [vocabulary.index(word) for word in words]
        last = {name: file[name] if name.startswith("rnn.") else file[name][rows] for name in file.files}
    last = {name: array.astype(np.float16) for name, array in last.items()}
    moments.append(last | {"tokens": np.int64(place["begun"]["tokens"] + place["tokens"])})
    write_moments(moments, words, out)


def write_moments(moments, words, out):
    """Write the moments, rounded, with the words that their rows are of, and the context that they are read after."""
    out.mkdir(exist_ok=True)
    for arrays in moments:
        arrays = {name: round_mantissa(a) if a.dtype == np.float16 else a for name, a in arrays.items()}
        arrays["rows"] = np.arange(len(words), dtype=np.int32)
        np.savez_compressed(out / f"tokens-{int(arrays['tokens']):012d}.npz", **arrays)
    (out / "vocabulary.txt").write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    (out / "context.txt").write_text(CONTEXT + "\n", encoding="utf-8")
    print(f"{out}: {sum(path.stat().st_size for path in out.iterdir()) / 1e6:.1f} MB")


def main(arguments=None):
    summary, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("model", "moments"))
    for name in ("data", "run", "final"):
        parser.add_argument(name, type=Path, metavar=name.upper())
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lexicon", default="auxiliaries", help="what tasks are made of by default (%(default)s)")
    parser.add_argument("--earlier", type=Path, help="moments of the model that this one was begun with")
    parser.add_argument("--on", default="one core of a CPU", help="what it was trained on (%(default)s)")
    parser.add_argument("--precision", default="float16", choices=("int8", "float16"), help="of the file (%(default)s)")
    parser.add_argument("--count", type=int, default=4, help="moments, 1.4 MB each (%(default)s)")
    a = parser.parse_args(arguments)
    if a.what == "model":
        make_model(a.data, a.run, a.final, a.lexicon, a.on, a.precision, a.out)
    elif a.earlier:
        make_later_moments(a.data, a.final, a.count, a.earlier, a.out)
    else:
        make_moments(a.data, a.run, a.final, a.count, a.out)


if __name__ == "__main__":
    main()
