"""The depth grammar: its sentences, their labels, and the sample of words that keeps depth and position apart."""

from collections import Counter
from itertools import product

import pytest

from minilstm.stimuli import depth, fragment_lexicon
from minilstm.stimuli.trees import open_nodes, read_depth, words


@pytest.fixture(scope="module")
def sentences():
    return depth.depth_sentences()


def test_three_hundred_of_each_length_in_random_order(sentences):
    lengths = [len(sentence.words) for sentence in sentences]
    assert Counter(lengths) == dict.fromkeys(range(2, 26), 300)
    first = lengths[:2400]  # a third of them: all lengths are among them alike
    assert min(Counter(first).values()) > 60 and max(Counter(first).values()) < 140


def test_words_are_the_fragments_and_labels_those_of_the_tree(sentences):
    assert {word for sentence in sentences for word in sentence.words} <= set(fragment_lexicon.vocabulary())
    for sentence in sentences:
        leaves = words(sentence.tree)
        assert sentence.depth == tuple(open_nodes(sentence.tree))
        assert sentence.words == (leaves[0][0].upper() + leaves[0][1:], *leaves[1:])


def test_subjects_and_verbs_agree():
    """In sentences of three words, by the forms themselves and not by what the grammar calls them."""
    nouns = {form: number for pair in fragment_lexicon.NOUNS for form, number in zip(pair, "sp", strict=True)}
    verbs = {form: number for pair in fragment_lexicon.VERBS for form, number in zip(pair, "sp", strict=True)}
    determiners = {"The": "sp", "This": "s", "That": "s", "Some": "p", "These": "p", "Those": "p"}
    numerals = {number.capitalize() for number in fragment_lexicon.NUMERALS}
    numbers = set()
    for sentence in depth.depth_sentences(400, [3]):
        first, second, last = sentence.words
        if second in nouns:
            assert nouns[second] in ("p" if first in numerals else determiners[first])
            assert verbs.get(last, nouns[second]) == nouns[second]  # or a past form
            numbers.add((nouns[second], last in verbs))
    assert numbers == {("s", True), ("p", True), ("s", False), ("p", False)}


def every_shape(symbol, length):
    """All trees of symbols that the grammar allows, by trying everything."""
    if symbol in depth.TERMINALS:
        return [symbol] if length == 1 else []
    found = []
    for parts in depth.RULES[symbol]:
        for sizes in product(range(1, length + 1), repeat=len(parts)):
            if sum(sizes) == length:
                children = [every_shape(part, size) for part, size in zip(parts, sizes, strict=True)]
                found += [(symbol, *chosen) for chosen in product(*children)]
    return found


def shape(tree):
    return tree[0] if isinstance(tree[1], str) else (tree[0], *map(shape, tree[1:]))


def test_every_shape_of_a_length_is_equally_likely():
    for length in range(1, 8):
        assert depth.count_shapes("S", length) == len(every_shape("S", length))
    shapes = every_shape("S", 4)
    drawn = Counter(shape(sentence.tree) for sentence in depth.depth_sentences(200 * len(shapes), [4]))
    assert set(drawn) == set(shapes) and len(set(shapes)) == len(shapes)
    assert 140 < min(drawn.values()) and max(drawn.values()) < 260  # 200 +- 4 standard deviations


def test_the_seed_decides():
    one, two, again = (depth.depth_sentences(3, [5, 9], seed=seed) for seed in (1, 2, 1))
    assert one == again != two


def test_the_sample_is_full_in_every_cell_and_taken_from_the_top(sentences):
    points = depth.sample_cells(sentences)
    cells = Counter((point.position, point.depth) for point in points)
    assert cells == dict.fromkeys(product(range(7, 13), range(3, 9)), 112)
    assert all(sentences[point.sentence].depth[point.position] == point.depth for point in points)
    in_order = [(point.sentence, point.position) for point in points]
    assert in_order == sorted(in_order)
    last = {}
    for point in points:
        last[point.position, point.depth] = point.sentence
    position, deep = next(iter(last))
    before = sum(
        sentence.depth[position : position + 1] == (deep,) for sentence in sentences[: last[position, deep] + 1]
    )
    assert before >= 112  # at most repeats were passed over
    assert (
        len({s.words for s in sentences[: last[position, deep]] if s.depth[position : position + 1] == (deep,)}) == 111
    )


def test_the_sample_by_hand():
    def made(text, depths):
        return depth.DepthSentence(tuple(text.split()), (), depths)

    given = [made("a b c", (1, 2, 2)), made("a b c", (1, 2, 2)), made("d e f", (1, 2, 1)), made("g h", (1, 2))]
    points = depth.sample_cells(given, 2, positions=(1, 2), depths=(2,))
    assert points == [(0, 1, 2), (0, 2, 2), (2, 1, 2)]  # the repeat is passed over, the last one finds its cell full


def test_the_published_data_give_the_papers_sample(reference):
    """4,033 words of 1,303 sentences, says the paper: the last line repeats the one before, and we drop it."""
    published = read_depth(reference / "tree_depth" / "filtered_sentences.txt")
    points = depth.sample_cells(published)
    assert len(published) == 1303 and len(points) == 4032
    assert {point.sentence for point in points} == set(range(1302))
    assert set(Counter((point.position, point.depth) for point in points).values()) == {112}
