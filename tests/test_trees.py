"""The depth label of every word of a tree, and the reader of the published depth data."""

import pytest

from minilstm.errors import StimulusError
from minilstm.stimuli.trees import open_nodes, parse_brackets, read_depth, words


def test_depth_of_the_example_in_the_paper():
    text = (
        "[S [NumP [Num Ten ] [NP [AdjP [Degree really ] [Adj ecstatic ] ] [N [Nrel cousins ] [RelP [Of of ]"
        " [NumP [Num four ] [N teachers ] ] ] ] ] ] [AuxP [Be are ] [VP [Adv quickly ] [V laughing ] ] ] ]"
    )
    root = parse_brackets(text)
    assert words(root) == "Ten really ecstatic cousins of four teachers are quickly laughing".split()
    assert open_nodes(root) == [1, 2, 3, 3, 4, 5, 6, 2, 3, 4]


def test_every_published_depth_label_is_reproduced(reference):
    published = read_depth(reference / "tree_depth" / "filtered_sentences.txt")
    labels = [list(sentence.depth) for sentence in published]
    assert sum(map(len, labels)) == 18_400
    assert [open_nodes(sentence.tree) for sentence in published] == labels


GOOD = "John laughs | [_S [_Name John ] [_V laughs ] ] | 1 2 | 0 1\\n'"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (GOOD.removesuffix("'"), "literal"),
        (GOOD.replace(" | 0 1", ""), "3 parts"),
        (GOOD.replace("1 2", "1 2 3"), "2 whole numbers"),
        (GOOD.replace("1 2", "1 x"), "2 whole numbers"),
        (GOOD.replace("laughs ]", "laughed ]"), "leaves"),
        (GOOD.replace("] ]", "]"), "never closed"),
        (GOOD.replace("] ]", "] ] ]"), "outside"),
        (GOOD.replace("[_V laughs", "[_V ] laughs"), "empty"),
        (GOOD.replace("[_V", "["), "label"),
        (GOOD.replace("[_S", "[_S " * 5000), "deeper"),
        ("", "literal"),
    ],
)
def test_a_broken_line_names_file_and_line(tmp_path, line, complaint):
    path = tmp_path / "depth.txt"
    path.write_text(f"{GOOD}\n{line}\n{GOOD}\n")
    with pytest.raises(StimulusError, match=rf"depth\.txt, line 2: .*{complaint}"):
        read_depth(path)
    path.write_text(GOOD)
    assert read_depth(path)[0].depth == (1, 2)


def test_a_missing_file_is_our_error(tmp_path):
    with pytest.raises(StimulusError, match="nowhere"):
        read_depth(tmp_path / "nowhere.txt")
