"""Turn a folder of plain text into what `train_english.py` reads.

The folder holds `.txt` or `.txt.xz` files, one paragraph a line. The result is a folder with

    train.npy, held_out.npy   word numbers, uint16 (uint32 beyond 65,536 words), sentences closed by `<eos>`
    vocab.txt                 line number = word number; 0 is `<unk>`, 1 is `<eos>`
    word_counts.npy           int64, how often each word occurs in train.npy
    sources.json              words, sentences and tokens of every file, for the model card

Sentences are shuffled; a file can be repeated. A sentence is held out if the hash of its words is among the
lowest `--held-out` of all possible hashes: every copy of it, in whatever file and however often repeated, is
on the same side, so no sentence of the held-out text is in the training text. (They are told apart before
rare words become `<unk>`.)

    python weights/prepare_text.py texts/ data/ --words 16000
    python weights/prepare_text.py texts/ data/ --vocabulary vocab.txt --repeat wikipedia_films=3 medquad=2
"""

import argparse
import hashlib
import json
import lzma
import re
from contextlib import nullcontext
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np

UNKNOWN, EOS = "<unk>", "<eos>"
SHORTEST, LONGEST = 4, 80  # tokens a sentence, <eos> not counted
CHUNK = 5000  # paragraphs a process takes at a time
ABBREVIATIONS = "Mr Mrs Ms Dr St Jr Sr Rev Gen Capt Col Lt Prof Hon vs etc".split()
ENDING_ABBREVIATIONS = ("etc", "Jr", "Sr", "a.m", "p.m")  # a capital after one of these does start a sentence

TYPEWRITER = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "—": "--", "–": "-", "…": "...", "_": " ", "*": " "}
)
TOKEN = re.compile(
    rf"""
    (?:[^\W\d_]\.){{2,}}                     # U.S.  e.g.
    | (?:{"|".join(ABBREVIATIONS)})\.(?=\s)  # Mr.
    | \d+(?:[.,:]\d+)*                       # 1,000  3.5  10:30  (19th-century: 19, th-century)
    | [^\W\d_]+?(?=n't\b)                    # do|n't  ca|n't
    | n't\b
    | '(?:s|S|ll|ve|re|m|d)\b                # John|'s
    | [^\W\d_]+(?:-[^\W\d_]+)*               # words, hyphenated ones whole
    | \.{{3,}} | -{{2,}}
    | \S
    """,
    re.VERBOSE,
)
BREAK = re.compile(r"""([.!?])["')\]]*\s+(?=["'(\[]*[A-Z0-9])""")
NO_BREAK_AFTER = re.compile(rf"(?:\b(?:{'|'.join(ABBREVIATIONS)}|No|[A-HJ-Z])|\b[^\W\d_](?:\.[^\W\d_])+)$")


def split_sentences(paragraph):
    """Cut a paragraph after `.`, `!` or `?` where a capital or digit follows; returns a list of str.

    A full stop after a title, an initial or a dotted abbreviation does not end a sentence.
    """
    sentences, start = [], 0
    for match in BREAK.finditer(paragraph):
        if match[1] == ".":
            abbreviation = NO_BREAK_AFTER.search(paragraph, max(start, match.start() - 12), match.start())
            if abbreviation and abbreviation[0] not in ENDING_ABBREVIATIONS:
                continue
        sentences.append(paragraph[start : match.end()].strip())
        start = match.end()
    return [*sentences, paragraph[start:].strip()]


def tokenize(sentence):
    """Tokens (list of str): case kept, punctuation apart, clitics split off, hyphenated words whole."""
    tokens = TOKEN.findall(sentence.translate(TYPEWRITER))
    return ["..." if t.startswith("...") else "--" if t.startswith("--") else t for t in tokens]


def read_sentences(paragraphs):
    """Token lists of all sentences of 4 to 80 tokens in the paragraphs (iterable of str)."""
    for paragraph in paragraphs:
        for sentence in split_sentences(paragraph.translate(TYPEWRITER)):
            tokens = tokenize(sentence)
            if SHORTEST <= len(tokens) <= LONGEST:
                yield tokens


def sentence_key(tokens, seed):
    """A number in [0, 2**64) that depends on the words of the sentence and on the seed alone."""
    salt, words = seed.to_bytes(8, "little"), " ".join(tokens).encode()
    return int.from_bytes(hashlib.blake2b(words, digest_size=8, salt=salt).digest(), "little")


def encode(job):
    """(paragraphs, seed) -> words read, distinct words, and as arrays: numbers among those, lengths, keys."""
    paragraphs, seed = job
    number, ids, lengths, keys = {}, [], [], []
    for tokens in read_sentences(paragraphs):
        ids += [number.setdefault(token, len(number)) for token in tokens]
        lengths.append(len(tokens))
        keys.append(sentence_key(tokens, seed))
    words_read = sum(len(paragraph.split()) for paragraph in paragraphs)
    arrays = np.array(ids, np.uint32), np.array(lengths, np.uint8), np.array(keys, np.uint64)
    return words_read, list(number), *arrays


def read_source(path, number, seed, mapper):
    """Words read, ids, lengths, keys of one file. `number` (dict: word -> id) grows by its words."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        jobs = ((chunk, seed) for chunk in iter(lambda: list(islice(lines, CHUNK)), []))
        words_read, parts = 0, [(np.zeros(0, np.uint32), np.zeros(0, np.uint8), np.zeros(0, np.uint64))]
        for words, types, ids, lengths, keys in mapper(encode, jobs):
            to_global = np.array([number.setdefault(word, len(number)) for word in types], np.uint32)
            parts.append((to_global[ids] if len(ids) else ids, lengths, keys))
            words_read += words
    return words_read, *(np.concatenate(arrays) for arrays in zip(*parts))


def choose_vocabulary(words, counts, size, keep=()):
    """`<unk>`, `<eos>` and the most frequent of `words`, `size` in all, every word in `keep` among them."""
    rank = [words[i] for i in np.argsort(-counts, kind="stable")]
    kept = set(keep) - {UNKNOWN, EOS}
    others = [word for word in rank if word not in kept | {UNKNOWN, EOS}][: max(size - 2 - len(kept), 0)]
    chosen = kept.union(others)
    return [UNKNOWN, EOS, *(word for word in rank if word in chosen), *sorted(kept - set(rank))]


def lay_out(order, ids, starts, lengths, block=200_000):
    """One array of word numbers: the sentences in this order, each closed by <eos>."""
    out = np.empty(int(lengths[order].sum(dtype=np.int64)) + len(order), ids.dtype)
    at = 0
    for low in range(0, len(order), block):  # in blocks, or the index alone would take a gigabyte
        chosen = order[low : low + block]
        size = lengths[chosen].astype(np.int64) + 1
        ends = np.cumsum(size)
        source = np.arange(ends[-1]) - np.repeat(ends - size - starts[chosen], size)
        source[ends - 1] = 0
        piece = ids[source]
        piece[ends - 1] = 1
        out[at : at + len(piece)] = piece
        at += len(piece)
    return out


def prepare(folder, out, vocabulary=None, size=16000, keep=(), repeat=None, held_out=0.005, seed=0, processes=1):
    """Read `folder`, write the files named above into `out`; returns what it wrote to sources.json.

    Parameters
    ----------
    vocabulary : list of str or None
        Use these words; None: the `size` most frequent of the training text, and every word in `keep`.
    repeat : dict or None
        How often the sentences of a file are in the training text, by file name without ending; default 1.
    held_out : float
        Share of the distinct sentences to hold out.

    Raises
    ------
    ValueError
        No text, no sentences, a file name in `repeat` that is not in the folder, or a vocabulary that
        does not start with `<unk>`, `<eos>`.
    """
    repeat, out = dict(repeat or {}), Path(out)
    paths = sorted(path for path in Path(folder).iterdir() if path.name.endswith((".txt", ".txt.xz")))
    names = [path.name.split(".txt")[0] for path in paths]
    if not paths:
        raise ValueError(f"{folder}: no .txt or .txt.xz file in it")
    if unknown := set(repeat) - set(names):
        raise ValueError(f"{folder}: no file named {sorted(unknown)} to repeat; there are {names}")
    if vocabulary is not None and list(vocabulary[:2]) != [UNKNOWN, EOS]:
        raise ValueError(f"a vocabulary starts with {UNKNOWN}, {EOS}, this one with {list(vocabulary[:2])}")

    number, parts, sources = {}, [], {}
    spawn = get_context("spawn")  # a fork of a process with threads, such as one that has imported JAX, may hang
    with spawn.Pool(processes) if processes > 1 else nullcontext() as pool:
        for name, path in zip(names, paths):
            words_read, *arrays = read_source(path, number, seed, pool.imap if pool else map)
            parts.append(arrays)
            sources[name] = {"words": words_read, "sentences": len(arrays[1]), "repeat": repeat.get(name, 1)}
            print(f"{name}: {words_read:,} words, {len(arrays[1]):,} sentences", flush=True)
    ids, lengths, keys = (np.concatenate(arrays) for arrays in zip(*parts))
    if not len(lengths):
        raise ValueError(f"{folder}: no sentence of {SHORTEST} to {LONGEST} tokens in it")
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    source = np.repeat(np.arange(len(parts)), [len(part[1]) for part in parts])
    is_held_out = keys < np.uint64(min(int(held_out * 2**64), 2**64 - 1))

    repeats = np.array([entry["repeat"] for entry in sources.values()])
    times = np.where(is_held_out, 0, repeats[source])  # (sentences,)
    words = list(number)
    if vocabulary is None:
        counts = np.bincount(ids, weights=np.repeat(times, lengths), minlength=len(words))
        vocabulary = choose_vocabulary(words, counts, size, keep)
    index = {word: i for i, word in enumerate(vocabulary)}
    dtype = np.uint16 if len(vocabulary) <= 2**16 else np.uint32
    ids = np.array([index.get(word, 0) for word in words], dtype)[ids]

    rng = np.random.default_rng(seed)
    train = lay_out(rng.permutation(np.repeat(np.arange(len(lengths)), times)), ids, starts, lengths)
    first_copies = np.flatnonzero(is_held_out)[np.unique(keys[is_held_out], return_index=True)[1]]
    test = lay_out(rng.permutation(first_copies), ids, starts, lengths)
    word_counts = np.bincount(train, minlength=len(vocabulary))

    for i, entry in enumerate(sources.values()):
        entry["tokens"] = int(lengths[source == i].sum(dtype=np.int64))
        entry["training_tokens"] = int((times * (lengths + 1.0))[source == i].sum())
    report = {
        "sources": sources,
        "words": sum(entry["words"] for entry in sources.values()),
        "distinct_sentences": len(np.unique(keys)),
        "training_tokens": len(train),
        "held_out_tokens": len(test),
        "held_out_sentences": len(first_copies),
        "vocabulary": len(vocabulary),
        "unknown_share": float(word_counts[0] / max(len(train), 1)),
        "seed": seed,
    }
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "train.npy", train)
    np.save(out / "held_out.npy", test)
    np.save(out / "word_counts.npy", word_counts)
    (out / "vocab.txt").write_text("".join(word + "\n" for word in vocabulary), encoding="utf-8")
    (out / "sources.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def main(arguments=None):
    summary, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", help="with .txt or .txt.xz files, one paragraph a line")
    parser.add_argument("out", help="folder to write into")
    parser.add_argument("--vocabulary", type=Path, help="use the words of this file, one a line")
    parser.add_argument("--words", type=int, default=16000, help="size of a new vocabulary (%(default)s)")
    parser.add_argument("--keep", type=Path, help="words of this file, one a line, are in it however rare")
    parser.add_argument("--repeat", nargs="*", default=[], metavar="NAME=N", help="files to repeat")
    parser.add_argument("--held-out", type=float, default=0.005, help="share of sentences (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    a = parser.parse_args(arguments)
    vocabulary, keep = (f and f.read_text(encoding="utf-8").splitlines() for f in (a.vocabulary, a.keep))
    repeat = {name: int(times) for name, times in (entry.rsplit("=", 1) for entry in a.repeat)}
    try:
        report = prepare(a.folder, a.out, vocabulary, a.words, keep or (), repeat, a.held_out, a.seed, a.processes)
    except ValueError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    print(json.dumps({key: value for key, value in report.items() if key != "sources"}, indent=1))


if __name__ == "__main__":
    main()
