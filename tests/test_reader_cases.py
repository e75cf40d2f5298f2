"""One reader for whatever people have: what each small file is taken for, or the sentence with which it is refused.

The forms are those of files from public reports; words and numbers are our own.
"""

import json

import pytest
from hostile import mutants

from minilstm.errors import StimulusError
from minilstm.stimuli import Item, read_items

BOYS = ("The", "boys", "near", "the", "car")
BOY = ("The", "boy", "near", "the", "cars")
LINE = "The boys near the car\tare\tis\tP\n"
HEADER = "prefix\tright\twrong\tcondition\n"
PLURAL = [(BOYS, "are", "is", "P")]
LINZEN = "The boy near the cars greets .\n"
BLIMP = {
    "sentence_good": "The boys near the car are here.",
    "sentence_bad": "The boys near the car is here.",
    "one_prefix_prefix": "The boys near the car",
    "one_prefix_word_good": "are",
    "one_prefix_word_bad": "is",
    "UID": "own",
}
BIGBENCH = {
    "name": "short_nested_inner_english",
    "examples": [
        {"input": "The boy that the girls ", "target_scores": {"admires": 0, "admire": 1}, "comment": "singular_plural"}
    ],
}
TAB = "pattern\tconstr_id\tsent_id\tcorrect_number\tform\tclass\ttype\tprefix\tn_attr\tsent\n"
TAB_ROW = (
    'A__B\t1\t7\tsing\t{}\t{}\tgenerated\tThe boy near the cars\t1\t"The boy near the cars greets "" Pat "" . <eos>"\n'
)
GOLD = "L!N\t1\t7\t5\tVERB\tMood=Ind|Number=Sing\tgreets\tgreet\tgreet\t1\tNOUN\tThe boy near the cars sees\n"


def suite(formula="[(3;%match%) < (3;%mismatch%)]", words=("are", "is")):
    def condition(name, verb):
        contents = enumerate(("The boys", "near the car", verb, "here"), 1)
        return {
            "condition_name": name,
            "regions": [{"region_number": k, "content": content} for k, content in contents],
        }

    items = [{"item_number": 4, "conditions": [condition("match", words[0]), condition("mismatch", words[1])]}]
    return {"meta": {"name": "own", "metric": "sum"}, "predictions": [{"formula": formula}], "items": items}


def write(folder, files):
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / next(iter(files))


def short(items):
    return [(item.prefix, item.right, item.wrong, item.condition) for item in items]


# name of the file, what stands in it, what it is taken for or what is said, items
OWN = {
    "as documented": ("a.tsv", HEADER + LINE, "table of 4 columns between tabs", PLURAL),
    "no header": ("a.tsv", LINE, "table of 4 columns between tabs", PLURAL),
    "byte-order mark, Windows": ("a.tsv", "\ufeff" + (HEADER + LINE).replace("\n", "\r\n"), "", PLURAL),
    "a header of one's own": ("a.tsv", "sentence\tgood\tbad\tcondition\n" + LINE, "", PLURAL),
    "names that nobody knows": ("a.tsv", "w\tx\ty\tz\n" + LINE, "line 1 is taken for the names of the columns", PLURAL),
    "names that nobody knows are said": (
        "a.tsv",
        "w\tx\ty\tz\n" + LINE,
        "'x' for the right form, 'y' for the wrong",
        PLURAL,
    ),
    "a name of which one word tells": (
        "a.tsv",
        "w\tbadVerb\tother\tz\nThe boys near the car\tis\tare\tP\n",
        "'other' for the right form, 'badVerb' for the wrong form",
        PLURAL,
    ),
    "one known name": (
        "a.tsv",
        "w\tother\tcorrect\tz\nThe boys near the car\tis\tare\tnone\n",
        "'correct' for the right form",
        [(BOYS, "are", "is", "none")],
    ),
    "quotes around everything": (
        "a.tsv",
        (HEADER + LINE).replace("\t", '"\t"').replace("prefix", '"prefix').replace("The", '"The').replace("\n", '"\n'),
        "",
        PLURAL,
    ),
    "quotes around the names": ("a.tsv", '"prefix"\t"right"\t"wrong"\t"condition"\n' + LINE, "4 columns", PLURAL),
    "quotes around a column": (
        "a.tsv",
        HEADER + LINE.replace("The boys near the car", '"The boys near the car"'),
        "",
        PLURAL,
    ),
    "blanks before quotes": (
        "a.csv",
        'prefix, right, wrong, condition\n"The boys near the car", "are", "is", "P"\n',
        "",
        PLURAL,
    ),
    "comments": ("a.tsv", "# mine\n" + HEADER + LINE, "1 line(s) begin with #: taken for comments", PLURAL),
    "the forms named alone": (
        "a.tsv",
        "beginning\tright\twrong\tno\nThe boys near the car\tare\tis\t1\n",
        "columns not used: 'no'",
        PLURAL,
    ),
    "the numbers named alone": (
        "a.tsv",
        "kind\tbeginning\tsingular\tplural\tcondition\na\tThe boys near the car\tis\tare\tP\n",
        "",
        PLURAL,
    ),
    "names of numbers": (
        "a.tsv",
        "w\tthe_pl\tthe_sg\tz\nThe boys near the car\tare\tis\tsubject: plural\n"
        "The boy near the cars\tare\tis\tsubject: singular\n",
        "'the_sg' for the singular form, 'the_pl' for the plural form",
        [(BOYS, "are", "is", "subject: plural"), (BOY, "is", "are", "subject: singular")],
    ),
    "the number of another noun": (
        "a.tsv",
        HEADER
        + "The boys near the car\tare\tis\tsingular attractor\nThe boy near the cars\tis\tare\tplural attractor\n",
        "",
        [(BOYS, "are", "is", "singular attractor"), (BOY, "is", "are", "plural attractor")],
    ),
    "commas": ("a.csv", "prefix,right,wrong,condition\nThe boys near the car,are,is,P\n", "between commas", PLURAL),
    "a comma in a quoted cell": (
        "a.csv",
        'prefix,right,wrong,condition\n"The boys , who laugh ,",are,is,P\n',
        "between commas",
        [(("The", "boys", ",", "who", "laugh", ","), "are", "is", "P")],
    ),
    "commas in a .txt": ("a.txt", "The boys near the car,are,is,P\n", "between commas", PLURAL),
    "a bracket first": (
        "a.tsv",
        "[ The boys ]\tare\tis\tP\n",
        "",
        [(("[", "The", "boys", "]"), "are", "is", "P")],
    ),
    "semicolons": ("a.csv", "The boys near the car;are;is;P\n", "between semicolons", PLURAL),
    "singular and plural for right and wrong": (
        "a.tsv",
        "prefix\tsingular\tplural\tcondition\nThe boys near the car\tis\tare\tPS\nThe boy near the cars\tis\tare\tSP\n",
        "",
        [(BOYS, "are", "is", "PS"), (BOY, "is", "are", "SP")],
    ),
    "numbers written out": (
        "a.tsv",
        "The boys near the car\tare\tis\tplural_singular\n",
        "",
        [(BOYS, "are", "is", "PS")],
    ),
    "the inner verb, of the second noun": (
        "a.tsv",
        "The boy that the girls\tlike\tlikes\tSP\nThe boys that the girl\tlikes\tlike\tPS\n",
        "",
        [
            (tuple("The boy that the girls".split()), "like", "likes", "SP"),
            (tuple("The boys that the girl".split()), "likes", "like", "PS"),
        ],
    ),
    "columns swapped, named": (
        "a.tsv",
        "condition\tprefix\tright\twrong\nP\tThe boys near the car\tare\tis\n",
        "",
        PLURAL,
    ),
    "columns swapped, not named": ("a.tsv", "P\tare\tis\tThe boys near the car\n", "", PLURAL),
    "a fifth column": (
        "a.tsv",
        "prefix\tright\twrong\tcondition\tid\nThe boys near the car\tare\tis\tP\t1\n",
        "columns not used: 'id'",
        PLURAL,
    ),
    "pandas' index": (
        "a.tsv",
        "\tprefix\tright\twrong\tcondition\n0\tThe boys near the car\tare\tis\tP\n",
        "column 1 numbers the lines",
        PLURAL,
    ),
    "a tab at the end": ("a.tsv", LINE.replace("\n", "\t\n"), "column 5 is empty", PLURAL),
    "three columns": ("a.tsv", "The boys near the car\tare\tis\n", "the number of the verb is taken for it", PLURAL),
    "pandas' quotes": (
        "a.tsv",
        HEADER + '"The man said "" hello "" and the boys"\tare\tis\tP\n',
        "",
        [(tuple('The man said " hello " and the boys'.split()), "are", "is", "P")],
    ),
    "a prefix of one word": ("a.tsv", "They\tare\tis\tP\n", "", [(("They",), "are", "is", "P")]),
    "a comma at a word": (
        "a.tsv",
        "The boys , who laugh,\tare\tis\tP\n",
        "1 prefix(es) had a punctuation mark at a word: set apart",
        [(("The", "boys", ",", "who", "laugh", ","), "are", "is", "P")],
    ),
    "the verb in the prefix": (
        "a.tsv",
        "The boys near the car are\tare\tis\tP\nThe boys near the cars are\tare\tis\tP\n",
        "every prefix ends in its verb: taken off",
        [(BOYS, "are", "is", "P"), ((*BOYS[:4], "cars"), "are", "is", "P")],
    ),
    "whole sentences": (
        "a.tsv",
        "The boys near the car are here .\tare\tis\tP\n",
        "every prefix is a whole sentence: cut before its verb",
        PLURAL,
    ),
    "a whole sentence, its full stop at a word": (
        "a.tsv",
        "The boys near the car are here.\tare\tis\tP\n",
        "every prefix is a whole sentence: cut before its verb",
        PLURAL,
    ),
    "a gap": ("a.tsv", "The boys near the car ___ here .\tare\tis\tP\n", "every prefix has a gap for its verb", PLURAL),
    "a gap after the verb of another sentence": (
        "a.tsv",
        "When they are old the boys ___\tare\tis\tP\n",
        "every prefix has a gap for its verb",
        [(tuple("When they are old the boys".split()), "are", "is", "P")],
    ),
    "the verb in a relative clause": (
        "a.tsv",
        "The boys that are near the car\tare\tis\tP\n",
        "",
        [(tuple("The boys that are near the car".split()), "are", "is", "P")],
    ),
    "numbers of the lines, not named": (
        "a.tsv",
        "1\tThe boys near the car\tare\tis\n2\tThe boy near the cars\tis\tare\n",
        "the number of the verb is taken for it",
        [*PLURAL, (BOY, "is", "are", "S")],
    ),
    "numbers of attractors, not named": (
        "a.tsv",
        2 * "The boys near the car\tare\tis\t1\n",
        "",
        2 * [(BOYS, "are", "is", "1")],
    ),
    "an abbreviation at the end": (
        "a.tsv",
        "The friends of Mr.\tare\tis\tP\n",
        "",
        [(("The", "friends", "of", "Mr."), "are", "is", "P")],
    ),
    "capitalised forms": ("a.tsv", LINE.replace("are\tis", "Are\tIs"), "capitalised: lower-cased", PLURAL),
    "whole sentences and labels, not named": (
        "a.tsv",
        "The boys near the car are\tThe boys near the car is\tplural\n"
        "The boy near the cars is\tThe boy near the cars are\tsingular\n",
        "columns taken for what stands in them: 1 right, 2 wrong, 3 condition",
        [(BOYS, "are", "is", "plural"), (BOY, "is", "are", "singular")],
    ),
    "whole sentences and labels of any kind, not named": (
        "a.tsv",
        "1\tThe boys near the car are\tThe boys near the car is\teasy\n"
        "2\tThe boy near the cars is\tThe boy near the cars are\teasy\n",
        "2 right, 3 wrong, 4 condition",
        [(BOYS, "are", "is", "easy"), (BOY, "is", "are", "easy")],
    ),
    "whole sentences of two words under names": (
        "a.tsv",
        "right\twrong\tkind\nBoys greet\tBoys greets\teasy\n",
        "columns not used: 'kind'",
        [(("Boys",), "greet", "greets", "all")],
    ),
    "whole sentences under names that nobody knows": (
        "a.tsv",
        "bad one\tgood one\tz\nThe boys near the car is\tThe boys near the car are\tplural\n",
        "'good one' for the right form, 'bad one' for the wrong form",
        [(BOYS, "are", "is", "plural")],
    ),
    "names that nobody knows over prefixes of one word": (
        "a.tsv",
        "w\tx\ty\tz\nThey\tare\tis\tP\n",
        "line 1 is taken for the names",
        [(("They",), "are", "is", "P")],
    ),
    "a condition with more words than the prefix": (
        "a.tsv",
        "They\tare\tis\tplural subject\n",
        "1 prefix, 2 right, 3 wrong, 4 condition",
        [(("They",), "are", "is", "plural subject")],
    ),
    "two columns between commas": (
        "a.csv",
        "sentence_good,sentence_bad\nThe boys near the car are,The boys near the car is\n",
        "table of 2 columns between commas",
        [(BOYS, "are", "is", "all")],
    ),
    "<eos> inside": (
        "a.tsv",
        "It rains . <eos> " + LINE,
        "what stands before it is read first, as an earlier sentence",
        [(("It", "rains", ".", "<eos>", *BOYS), "are", "is", "P")],
    ),
    "twice": ("a.tsv", LINE + LINE, "1 line(s) repeat an earlier one", 2 * PLURAL),
    "lower case": ("a.tsv", LINE.lower(), "", [(("the", *BOYS[1:]), "are", "is", "p")]),
    "forms of several words": (
        "a.tsv",
        "A niece of most boys\thas n't\thave n't\tS\n" + LINE,
        "1 of 2 pairs are not words before a verb and two forms of it, each one word: left out where two forms are"
        " compared; `minilstm score` compares whole sentences",
        PLURAL,
    ),
    "pairs of sentences": (
        "a.tsv",
        "sentence_good\tsentence_bad\nThe boys near the car are here.\tThe boys near the car is here.\n",
        "",
        [(BOYS, "are", "is", "all")],
    ),
    "records": (
        "a.jsonl",
        json.dumps({"prefix": "The boys near the car", "right": "are", "wrong": "is", "condition": "P"}),
        "JSON records of 4 keys",
        PLURAL,
    ),
}


@pytest.mark.parametrize("name, content, said, expected", OWN.values(), ids=OWN)
def test_tables_of_ones_own(tmp_path, name, content, said, expected):
    stimuli = read_items(write(tmp_path, {name: content}))
    assert short(stimuli) == expected and len(stimuli) == len(expected)
    assert said in "\n".join(stimuli.summary())
    assert {item.task for item in stimuli} == {"a"}


PUBLISHED = {
    "NA-task, 4 columns": (
        {"simple.txt": "The boy greets\tsingular\tcorrect\tid1\nThe boy greet\tsingular\twrong\tid1\n"},
        "NA-task file, 4 columns; 1 sentence (Simple S)",
        Item(("The", "boy"), "greets", "greet", "Simple", "S", 1),
    ),
    "NA-task under another name": (
        {"mine.txt": "The boys near Pat greet\tplural\tcorrect\tid1\nThe boys near Pat greets\tplural\twrong\tid1\n"},
        "NA-task file, 4 columns; 1 sentence (namePP PS)",
        Item(("The", "boys", "near", "Pat"), "greet", "greets", "namePP", "PS", 1),
    ),
    "NA-task of no task's form": (
        {"mine.txt": "Boys often greet\tplural\tcorrect\tid1\nBoys often greets\tplural\twrong\tid1\n"},
        "no task's form: they go by the file's name",
        Item(("Boys", "often"), "greet", "greets", "mine", "P", 1),
    ),
    "NA-task, 5 columns": (
        {"x.txt": "nounpp\tThe boy near the cars greets\tsingular\tplural\tgreet\n"},
        "NA-task file, 5 columns; 1 sentence (nounPP SP)",
        Item(BOY, "greets", "greet", "nounPP", "SP", 1),
    ),
    "Linzen, two digits": (
        {"own.text": LINZEN, "own.gold": "5\tgreets\tgreet\t12\n"},
        "Linzen set, own.text and own.gold; 1 sentence (Linzen 12)",
        Item(BOY, "greets", "greet", "Linzen", "12", 1),
    ),
    "Linzen, not counted, the verb last": (
        {"own.gold": "5\tgreets\tgreet\t-999\n", "own.text": "The boy near the cars greets\n"},
        "Linzen set",
        Item(BOY, "greets", "greet", "Linzen", "uncounted", 1),
    ),
    "Gulordava": (
        {"generated.text": "The boy near the cars sees a girl . <eos>\n", "generated.gold": GOLD},
        "sentences of Gulordava et al., generated.gold with 12 columns",
        Item(BOY, "greets", "greet", "Gulordava nonce", "S", 1),
    ),
    "Gulordava's table": (
        {"generated.tab": TAB + TAB_ROW.format("greet", "wrong") + TAB_ROW.format("greets", "correct")},
        "table of Gulordava et al., 10 columns",
        Item(BOY, "greets", "greet", "Gulordava nonce", "1", 1),
    ),
    "BLiMP": ({"x.jsonl": json.dumps(BLIMP) + "\n"}, "BLiMP file", Item(BOYS, "are", "is", "own", "all", 1)),
    "BIG-bench": (
        {"x.json": json.dumps(BIGBENCH, indent=1)},
        "BIG-bench task; 1 sentence (ShortNestedInner SP)",
        Item(("The", "boy", "that", "the", "girls"), "admire", "admires", "ShortNestedInner", "SP", 1),
    ),
    "SyntaxGym": ({"x.json": json.dumps(suite())}, "SyntaxGym suite", Item(BOYS, "are", "is", "own", "match", 4)),
}


@pytest.mark.parametrize("files, said, expected", PUBLISHED.values(), ids=PUBLISHED)
def test_published_forms(tmp_path, files, said, expected):
    stimuli = read_items(write(tmp_path, files))
    assert list(stimuli) == [expected]
    assert said in "\n".join(stimuli.summary())


def test_either_of_two_files_that_belong_together_may_be_given(tmp_path):
    path = write(tmp_path, {"own.text": LINZEN, "own.gold": "5\tgreets\tgreet\t1\n"})
    assert read_items(path) == read_items(path.with_suffix(".gold"))


REFUSED = {
    "labels for prefixes": ({"a.tsv": "are\tis\tplural\n"}, ["a.tsv, line 1", "no telling"]),
    "numbers for prefixes": ({"a.tsv": "are\tis\t1\n"}, ["a.tsv, line 1", "no telling"]),
    "prefixes and whole sentences": (
        {"a.tsv": "The boys\tThe boys are\tThe boys is\tP\n"},
        ["a.tsv, line 1", "no telling", "a first line"],
    ),
    "prefixes and whole sentences under names": (
        {"a.tsv": HEADER + "The boys\tThe boys are\tThe boys is\tP\n"},
        ["a.tsv, line 2", "the right form is 'The boys are', with the prefix"],
    ),
    "two columns of prefixes": ({"a.tsv": "The boys near\tThe boy near\tare\tis\n"}, ["a.tsv, line 1", "no telling"]),
    "whole sentences, the wrong one first": (
        {"a.tsv": "The boys near the car is\tThe boys near the car are\tplural\n"},
        ["a.tsv, line 1", "condition plural, but 'is', the right form, is singular"],
    ),
    "whole sentences under each other's names": (
        {"a.tsv": "bad\tgood\tcondition\nThe boys near the car are\tThe boys near the car is\tplural\n"},
        ["a.tsv, line 2", "condition plural, but 'is', the right form, is singular"],
    ),
    "two columns between commas, not named": (
        {"a.csv": "The boys are,The boys is\n"},
        ["a.csv, line 1", "under the names sentence_good and sentence_bad"],
    ),
    **{
        f"JSON that is {text}": ({"a.json": text}, ["a.json: JSON, but no sentences; expected BLiMP's lines"])
        for text in ("[]", "null", "[1]")
    },
    "labels for forms": (
        {"a.tsv": "The boys near the car are\tplural\tCorrect\tid1\n"},
        ["a.tsv, line 1", "no telling", "a first line with the names of the columns"],
    ),
    "singular and plural, not named": (
        {"a.tsv": "The boys near the car\tis\tare\tPS\nThe boy near the cars\tis\tare\tSP\n"},
        ["a.tsv, line 1", "condition PS, but 'is', the right form, is singular", "name them so in a first line"],
    ),
    "a condition in words": (
        {"a.tsv": "w\tx\ty\tz\nThe boys near the car\tis\tare\tplural subject\n"},
        ["a.tsv, line 2", "condition plural subject, but 'is', the right form, is singular", "in a first line"],
    ),
    "a condition in words under known names": (
        {"a.tsv": HEADER + LINE.replace("\tP", "\teasy") + "The boy near the cars\tare\tis\tsubject sg\n"},
        ["a.tsv, line 3", "condition subject sg, but 'are', the right form, is plural", "'plural attractor'"],
    ),
    "a record that contradicts itself": (
        {"a.jsonl": json.dumps({"prefix": "The boys", "right": "is", "wrong": "are", "number": "plural"})},
        ["a.jsonl, record 1", "condition P, but 'is'"],
    ),
    "a plural in the column of singulars": (
        {"a.tsv": "prefix\tsingular\tplural\tcondition\nThe boys near the car\tare\tis\tP\n"},
        ["a.tsv, line 2", "'is' stands in the column of the plural forms"],
    ),
    "two names for one form among others unknown": (
        {"a.tsv": "prefix\tright\tright\tz\nThe boys near the car\tare\tis\tP\n"},
        ["a.tsv, line 1", "'right' and 'right' name the same"],
    ),
    "a line break in quotes": (
        {"a.csv": 'prefix,right,wrong,condition\n"The boys\nnear the car",are,is,P\n'},
        ["a.csv, line 2", "cannot be read as cells between ','"],
    ),
    "line ends of old": ({"a.tsv": (HEADER + LINE).replace("\n", "\r")}, ["a.tsv, line 1", "ends no line", "tr '\\r'"]),
    "UTF-16 without a mark": ({"a.tsv": LINE.encode("utf-16-le")}, ["a.tsv, line 1", "byte 0x00", "iconv -f utf-16"]),
    "UTF-32": ({"a.tsv": LINE.encode("utf-32")}, ["a.tsv, line 1", "iconv -f utf-32"]),
    "lower-case letters that contradict": (
        {"a.tsv": LINE.replace("\tP", "\tps") + "The boys near the car\tis\tare\tps\n"},
        ["a.tsv, line 2", "condition ps, but 'is'"],
    ),
    "unknown keys in lines": ({"a.jsonl": '{"a": "b"}\n{"a": "c"}\n'}, ["a.jsonl, line 1: keys 'a'"]),
    "forms alone": (
        {"a.tsv": "right\twrong\nare\tis\n"},
        ["a.tsv, line 2", "no column holds the words before the verb"],
    ),
    "numbers alone": (
        {"a.tsv": "singular\tplural\nis\tare\n"},
        ["a.tsv, line 2", "no column holds the words before the verb"],
    ),
    "singular and plural, no condition": (
        {"a.tsv": "prefix\tsingular\tplural\nThe boys near the car\tis\tare\n"},
        ["a.tsv, line 2", "no telling which form is right: no column is named 'condition'"],
    ),
    "4 columns, the wrong number": (
        {"a.txt": "The boy greet\tsingular\tcorrect\tid1\nThe boy greets\tsingular\twrong\tid1\n"},
        ["a.txt, line 1", "condition S, but 'greet', the right form, is plural"],
    ),
    "5 columns, the wrong number": (
        {"a.txt": "nounpp\tThe boy near the car greet\tsingular\tsingular\tgreets\n"},
        ["a.txt, line 1", "'greet'"],
    ),
    "a choice that contradicts its comment": (
        {"a.json": json.dumps({"examples": [BIGBENCH["examples"][0] | {"comment": "singular_singular"}]})},
        ["a.json, example 1", "condition SS, but 'admire'"],
    ),
    "one line that contradicts itself": (
        {"a.tsv": LINE + "The boy near the cars\tare\tis\tS\n"},
        ["a.tsv, line 2", "condition S, but 'are', the right form, is plural"],
    ),
    "singular and plural without numbers": (
        {"a.tsv": "prefix\tsingular\tplural\tcondition\nThe boys near the car\tis\tare\teasy\n"},
        ["a.tsv, line 2", "no telling which form is right: condition 'easy'"],
    ),
    "two names for one thing": (
        {"a.json": json.dumps([{"prefix": "The boys", "right": "are", "correct": "are", "wrong": "is"}])},
        ["a.json, record 1", "'right' and 'correct' name the same"],
    ),
    "two columns": ({"a.tsv": "The boys near the car\tare\n"}, ["line 1", "2 column(s)", "prefix, right, wrong"]),
    "sentences alone": (
        {"a.txt": "The boys near the car are here .\n"},
        ["line 1", "1 column(s)", "Sentences alone do not say which verb is tested"],
    ),
    "a verb in some prefixes": (
        {"a.tsv": LINE + "The boys near the car are\tare\tis\tP\n"},
        ["a.tsv, line 2", "ends in 'are', a form of the verb itself"],
    ),
    "the wrong verb in a prefix": (
        {"a.tsv": LINE + "The boys near the car is\tare\tis\tP\n"},
        ["a.tsv, line 2", "ends in 'is', a form of the verb itself"],
    ),
    "some whole sentences": (
        {"a.tsv": LINE + "The boys near the car are here .\tare\tis\tP\n"},
        ["a.tsv, line 2", "ends in '.', as a whole sentence does"],
    ),
    "whole sentences, the verb twice": (
        {"a.tsv": "The boys are near the girls that are old .\tare\tis\tP\n"},
        ["a.tsv, line 1", "'are' stands 2 times"],
    ),
    "whole sentences without a full stop": (
        {"a.tsv": "The boys near the car are here\tare\tis\tP\n"},
        ["a.tsv, line 1", "the prefix holds the verb, 'are'", "put ___ at the end"],
    ),
    "a gap in some": ({"a.tsv": LINE + "The boys near the car ___\tare\tis\tP\n"}, ["a.tsv, line 1", "0 gap(s)"]),
    "<eos> at the end": ({"a.tsv": LINE + "It rains . <eos>\tare\tis\tP\n"}, ["a.tsv, line 2", "'<eos>'"]),
    "latin-1": (
        {"a.tsv": "The fiancé of the boys\tis\tare\tS\n".encode("latin-1")},
        ["a.tsv, line 1", "0xe9 is not UTF-8", "'The fiancé of the boys", "iconv -f windows-1252"],
    ),
    "UTF-16": ({"a.tsv": LINE.encode("utf-16")}, ["a.tsv, line 1", "iconv -f utf-16"]),
    "no gold": ({"a.text": LINZEN}, ["no a.gold beside it", "the same name"]),
    "no text": ({"a.gold": "5\tgreets\tgreet\t1\n"}, ["no a.text beside it"]),
    "half of a pair": (
        {"a.tab": TAB + TAB_ROW.format("greets", "correct")},
        ["a.tab, line 2", "'greets' stands alone"],
    ),
    "two of one class": ({"a.tab": TAB + 2 * TAB_ROW.format("greets", "correct")}, ["a.tab, line 2", "stands alone"]),
    "5 columns, no other form": (
        {"a.txt": "nounpp\tThe boy near the cars greets\tsingular\tplural\tgreets\n"},
        ["a.txt, line 1", "the other form of 'greets'"],
    ),
    "not quite JSON": ({"a.json": '{"examples": [\n1,,]}'}, ["a.json, line 2", "no JSON"]),
    "a line that is no JSON": ({"a.jsonl": json.dumps(BLIMP) + "\nno\n"}, ["a.jsonl, line 2", "no JSON object"]),
    "JSON of something else": ({"a.json": '{"a": 1}'}, ["a.json", "expected keys such as prefix"]),
    "JSON lines with one sentence": (
        {"a.jsonl": json.dumps(BLIMP | {"sentence_bad": ""})},
        ["two different sentences"],
    ),
    "three choices": (
        {"a.json": json.dumps({"examples": [BIGBENCH["examples"][0] | {"target_scores": {"a": 1, "b": 0, "c": 0}}]})},
        ["a.json, example 1", "two verb forms"],
    ),
    "another prediction": ({"a.json": json.dumps(suite("(3;%a%) + (4;%a%) > 0"))}, ["(3;%a%)", "joined by &"]),
    "two regions": ({"a.json": json.dumps(suite("(3;%match%) < (4;%mismatch%)"))}, ["one region in two conditions"]),
    "a region that is not there": (
        {"a.json": json.dumps(suite("(9;%match%) < (9;%mismatch%)"))},
        ["item 4", "condition 'match' with region 9"],
    ),
}


@pytest.mark.parametrize("files, said", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_and_how(tmp_path, files, said):
    with pytest.raises(StimulusError) as error:
        read_items(write(tmp_path, files))
    assert str(error.value).startswith(str(tmp_path / next(iter(files)))) and error.value.args[0].count("\n") == 0
    assert all(part in str(error.value) for part in said), str(error.value)


EVERY = {name: {case[0]: case[1]} for name, case in OWN.items()} | {name: case[0] for name, case in PUBLISHED.items()}


@pytest.mark.parametrize("files", EVERY.values(), ids=EVERY)
def test_a_damaged_file_is_read_or_refused_by_its_name(tmp_path, files):
    """What a flipped bit or a missing end makes of a text may be another text; it is never a traceback."""
    for name, content in files.items():
        data = content.encode()
        cut = [data[:end] for end in range(0, len(data), 7)]
        for damaged in (*cut, *(mutant for _, mutant in mutants(data, 12, seed=2))):
            path = write(tmp_path, files | {name: damaged})
            try:
                stimuli = read_items(path)
            except StimulusError as error:
                assert str(tmp_path) in str(error)
            else:
                assert stimuli.summary() and all(pair.good and pair.bad for pair in stimuli.pairs)


def test_a_line_with_too_few_columns_among_five(tmp_path):
    line = "nounpp\tThe boy near the cars greets\tsingular\tplural\tgreet\n"
    with pytest.raises(StimulusError, match="line 2: 1 column.*task, sentence"):
        read_items(write(tmp_path, {"a.txt": line + "nounpp\n"}))


@pytest.mark.parametrize(
    "prefix, condition, task",
    [
        ("The boys near the car", "PS", "nounPP"),
        ("The boys with the car", "PS", "nounPP"),
        ("The boys near the old car", "PS", "nounPP.tsv"),  # longer
        ("Today the boys near cars", "PS", "nounPP.tsv"),  # as long
        ("The boys near the car", "easy", "nounPP.tsv"),
    ],
)
def test_a_file_named_like_a_task_is_that_task_only_if_its_sentences_are(tmp_path, prefix, condition, task):
    stimuli = read_items(write(tmp_path, {"nounPP.tsv": f"{prefix}\tare\tis\t{condition}\n"}))
    assert [item.task for item in stimuli] == [task]
    assert ("they go by the name 'nounPP.tsv'" in stimuli.summary()[-1]) == (task != "nounPP")


def test_ids_count_within_a_condition(tmp_path):
    content = HEADER + LINE + "The boy near the cars\tis\tare\tS\n" + "The girls near the car\tare\tis\tP\n"
    ids = [(item.condition, item.id) for item in read_items(write(tmp_path, {"a.tsv": content}))]
    assert ids == [("P", 1), ("S", 1), ("P", 2)]


def test_blimp_pairs_that_differ_elsewhere_are_for_whole_sentences(tmp_path):
    """'The women meet' and 'The woman meet': the verb is the same, its noun is not."""
    entry = {"sentence_good": "The women meet.", "sentence_bad": "The woman meet.", "two_prefix_word": "meet"}
    stimuli = read_items(write(tmp_path, {"a.jsonl": json.dumps(entry)}))
    (pair,) = stimuli.pairs
    assert (pair.good, pair.bad) == (("The", "women", "meet", "."), ("The", "woman", "meet", "."))
    assert stimuli.items == () and "`minilstm score`" in stimuli.summary()[-1]


@pytest.mark.parametrize(
    ("name", "good", "bad", "condition"),
    [
        ("regular_plural_subject_verb_agreement_1", "The boys aren't here.", "The boys isn't here.", "P"),
        ("regular_plural_subject_verb_agreement_1", "The boy passes.", "The boy pass.", "S"),
        (
            "distractor_agreement_relational_noun",
            "A sketch of cars hasn't hurt.",
            "A sketch of cars haven't hurt.",
            "SP",
        ),
        ("distractor_agreement_relative_clause", "Boys that see Mary go.", "Boys that see Mary goes.", "PS"),
        ("anaphor_number_agreement", "The boy sees himself.", "The boy sees themselves.", "all"),
    ],
)
def test_blimp_pairs_tell_the_numbers_of_subject_and_distractor(tmp_path, name, good, bad, condition):
    forms = [next(a for a, b in zip(x.split(), y.split()) if a != b).strip(".") for x, y in ((good, bad), (bad, good))]
    entry = {"sentence_good": good, "sentence_bad": bad, "UID": name}
    entry |= {"one_prefix_word_good": forms[0], "one_prefix_word_bad": forms[1]}
    (pair,) = read_items(write(tmp_path, {"a.jsonl": json.dumps(entry)})).pairs
    assert (pair.condition, pair.right) == (condition, (forms[0],))


COUNTS = {
    "NA_tasks/nounpp.txt": ("NA-task file, 4 columns", 2400, 2400),
    "linzen/subj_agr_filtered.gold": ("Linzen set", 7489, 7489),
    "bigbench/short_nested_outer_english.json": ("BIG-bench task", 4096, 4096),
    "syntaxgym/number_prep.json": ("SyntaxGym suite", 38, 38),
    "blimp/distractor_agreement_relational_noun.jsonl": ("BLiMP file", 1000, 977),
    "blimp/regular_plural_subject_verb_agreement_2.jsonl": ("BLiMP file", 1000, 0),
}


@pytest.mark.parametrize("name", COUNTS)
def test_published_files(reference, name):
    kind, pairs, items = COUNTS[name]
    stimuli = read_items(reference / name)
    assert stimuli.kind.startswith(kind) and (len(stimuli.pairs), len(stimuli)) == (pairs, items)
    assert all(pair.good != pair.bad for pair in stimuli.pairs if pair.task != "Linzen")


def test_published_na_tasks_and_linzen_are_what_their_own_readers_read(reference):
    from minilstm.stimuli import read_linzen, read_na_task

    for path in sorted((reference / "NA_tasks").glob("*.txt")):
        assert list(read_items(path)) == read_na_task(path)
    folder = reference / "linzen"
    text, gold = (folder / f"subj_agr_filtered.{end}" for end in ("text", "gold"))
    assert list(read_items(text)) == read_linzen(text, gold)


def test_the_published_nested_tasks_go_by_the_names_of_ours(reference):
    tasks = {path.stem: {item.task for item in read_items(path)} for path in (reference / "bigbench").glob("*.json")}
    assert tasks == {
        f"{length}_nested_{verb}_english": {f"{length.title()}Nested{verb.title()}"}
        for length in ("short", "long")
        for verb in ("inner", "outer")
    }
