"""The English model: what the training left, rounded to float16, with all that a model file says of itself.

    python weights/make_english.py DATA RUN DECAYED FULL [OUT]     writes english.npz, here if OUT is not given

DATA is the folder that `prepare_text.py` wrote, RUN that of `train_english.py train` and DECAYED that of `decay`; FULL, after
how many tokens the softmax was no longer sampled (what `decay` printed when it was stopped, to go on with `--samples 0`). Needs PyTorch.
`measure_english.py` then writes down what the model can do.
"""

import json
import sys
from pathlib import Path

import numpy as np

from minilstm import LanguageModel, load
from minilstm.analyses.table2 import table2
from minilstm.stimuli import na_tasks

HERE = Path(__file__).parent
CONTEXT = "The old house stood at the end of the road . <eos> Some of the children had gone to the village . <eos>"
LEXICON = "auxiliaries"  # is/are, was/were, has/have: of the paper's verbs, many are rare in novels


def provenance(data, run, decayed, full):
    """How the model was made: {what: answer}, from the files that the training wrote."""
    import torch
    import train_english as recipe

    report = json.loads((data / "sources.json").read_text(encoding="utf-8"))
    place = torch.load(decayed / "checkpoint.pt", weights_only=True, map_location="cpu")["place"]
    before, after = (
        [line.split("\t") for line in (folder / "log.tsv").read_text().splitlines()] for folder in (run, decayed)
    )
    given, constant = int(before[0][0]), place["decay_from"]
    log = [line for line in before if int(line[0]) <= constant] + after  # RUN may have gone on meanwhile
    return {
        "text": {name: entry["words"] for name, entry in report["sources"].items()},
        "training tokens an epoch": report["training_tokens"],
        "held-out sentences": report["held_out_sentences"],
        "share of unknown words": report["unknown_share"],
        "tokens read": place["tokens"],
        "of which by the weights it began from": given,
        "of which at the constant rate": constant - given,
        "of which at the falling rate": place["tokens"] - constant,
        "of which with the full softmax": place["tokens"] - full,
        "processor seconds": round(place["seconds"]),
        "optimiser": f"Adam {recipe.RATE} {recipe.BETAS}, {recipe.WARM_UP} updates of warm-up, gradients clipped at "
        f"{recipe.CLIP}, batch {recipe.BATCH} x {recipe.STEPS}, no dropout; at the end a rate falling linearly to 0",
        "softmax": f"the batch's own words and {recipe.SAMPLES} sampled ones; all words at the end",
        "seeds": "text 0, order 7, samples 1",
        "began from": "weights that were given, trained on the same text by the same recipe with other sentences held "
        "out: those may have read some of the sentences held out here, once at most",
        "held-out perplexity after so many tokens": {tokens: float(ppl) for tokens, _, ppl, _ in log},
        "lexicon": LEXICON,
    }


def make(data, run, decayed, full, out):
    """Write the model, find its number units in what was written, and write it again with their names."""
    with np.load(decayed / "weights.npz") as file:
        tensors = {name: file[name] for name in file.files}
    vocabulary = (data / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    model = LanguageModel.from_state_dict(
        tensors,
        vocabulary,
        context=CONTEXT.split(),
        word_counts=np.load(data / "word_counts.npy").astype(np.int64),
        provenance=provenance(data, run, decayed, full),
    )
    model.save(out, "float16")
    model = load(out)
    numbers = table2(model, na_tasks(LEXICON), progress=True).numbers
    model.provenance["number_units"] = [*numbers["S"], *numbers["P"]]
    model.save(out, "float16")
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB; long-range units: singular {numbers['S']}, plural {numbers['P']}")


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    folders, full, out = sys.argv[1:4], int(sys.argv[4]), (*sys.argv[5:], HERE / "english.npz")[0]
    make(*map(Path, folders), full, Path(out))
