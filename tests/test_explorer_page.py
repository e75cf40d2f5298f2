"""The explorer's page as Chromium runs it: its numbers are Python's, and everything on it works."""

import base64
import csv
import io
import json
import random
import re
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import numpy as np
import pytest
from browser import browser
from conftest import need
from small_model import small_model

import minilstm
from minilstm import lstm
from minilstm.analyses.base import Results
from minilstm.explorer.page import explore
from minilstm.explorer.payload import lexicon_of
from minilstm.explorer.roles import analyse
from minilstm.language_model import log_softmax
from minilstm.stimuli import TASKS, na_task

SP, PP = "The boy near the cars", "The boys near the cars"
GATES = "i", "f", "o", "C_tilde", "C", "h"
# Reads sentences with the page's own functions: every gate of every unit, and all logits, at every word.
READ = """((sentences, held = [], swapped = [], donors = []) => sentences.map((text, k) => {
  const { model, read, lookUp } = minilstm;
  const idsOf = (text) => lookUp(model, text).ids;
  const donor = donors.length ? { ids: idsOf(donors[k]), nodes: read(model, idsOf(donors[k])) } : null;
  const nodes = read(model, idsOf(text), held, swapped, donor);
  const traced = (gate) => nodes.map(({ steps }) => steps.flatMap((step) => [...step[gate]]));
  const gates = Object.fromEntries(["i", "f", "o", "C_tilde", "C", "h"].map((gate) => [gate, traced(gate)]));
  return { ...gates, logits: nodes.map(({ logits }) => [...logits]) };
}))"""
MARGINS = """((questions, held) => questions.map(([text, forms]) => {
  const { model, read, lookUp, chooseForm } = minilstm;
  const ids = forms.map((form) => model.index.get(form));
  return chooseForm(read(model, lookUp(model, text).ids, held).at(-1), ids).margin;
}))"""
AXE = """axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
  .then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))]))"""
FOCUSED = """(() => { const e = document.activeElement;
  const label = e.getAttribute("aria-label") || e.innerText || e.labels?.[0]?.innerText || "";
  const { outlineStyle, stroke } = getComputedStyle(e);
  const isSeen = outlineStyle !== "none" || stroke !== "none";
  return [e.id || e.dataset.list || e.dataset.step || e.tagName, label, isSeen]; })()"""
WIDE = """[...document.querySelectorAll("body *")]
  .filter((e) => !e.closest(".scroll > *, #tip, .unseen") && e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => e.outerHTML.slice(0, 90))"""


def boxes_of(page, selector):
    """[left, top, right, bottom] of every element."""
    return page.evaluate(
        f"[...document.querySelectorAll({selector!r})].map((e) => e.getBoundingClientRect())"
        ".map(({ left, top, right, bottom }) => [left, top, right, bottom])"
    )


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module")
def results():
    """{name of a model: what the roles of its units are read from}."""
    return {model: analyse(minilstm.load(model), "paper", n=20) for model in ("mini-03", "planted", "mini")}


@pytest.fixture(scope="module")
def pages(tmp_path_factory, results):
    """{name: (path, Page)} of what is looked at; `rounded` is mini with int8 rows, as a large model has them."""
    folder, pages = tmp_path_factory.mktemp("pages"), {}
    for name, model, precision in (
        ("mini-03", "mini-03", None),
        ("planted", "planted", None),
        ("int8", "planted", "int8"),
        ("float16", "mini", "float16"),
    ):
        page = explore(minilstm.load(model), name=name, precision=precision, results=results[model])
        page.save(folder / f"{name}.html")
        pages[name] = folder / f"{name}.html", page
    return pages


@pytest.fixture(scope="module")
def english(tmp_path_factory):
    """(path, Page) of the large network. Its number unit is given, the one that its card names: to save minutes."""
    model = minilstm.load("english")
    model = replace(model, provenance={**model.provenance, "number_units": [416]})
    page = explore(model, name="english", results=analyse(model, lexicon_of(model), n=20))
    path = tmp_path_factory.mktemp("english") / "english.html"
    page.save(path)
    return path, page


@pytest.fixture
def tab(chromium, pages):
    """Opens a page; closes it when the test is over, which fails if the page complained or asked for anything."""
    tabs = []

    def open_(name="mini-03", fragment="", **options):
        tabs.append(chromium.open(pages[name][0], fragment, **options))
        return tabs[-1]

    yield open_
    for one in tabs:
        assert one.problems() == []
        assert {url.split("#")[0] for url in one.requests()} <= {path.as_uri() for path, _ in pages.values()}
        one.close()


def sentences_of(n):
    """Sentences of every task and condition, with the verb and a word after it."""
    items = [item for task, t in TASKS.items() for condition in t.conditions for item in na_task(task, condition, 9)]
    return [" ".join((*item.prefix, item.right, "the")) for item in random.Random(1).sample(items, n)]


def in_double(model):
    layers = tuple(lstm.Layer(*(part.astype(float) for part in layer)) for layer in model.layers)
    return minilstm.LanguageModel(
        model.vocabulary,
        model.embedding.astype(float),
        layers,
        model.decoder_weight.astype(float),
        model.decoder_bias.astype(float),
        model.context,
        None,
        model.provenance,
    )


def compare(model, result, trace, h):
    """Every gate and cell to 1e-9, every logit too."""
    for gate in GATES:
        expected = np.concatenate([layer[:, 0] for layer in getattr(trace, gate)], axis=-1)
        np.testing.assert_allclose(result[gate], expected, rtol=0, atol=1e-9)
    logits = h @ model.decoder_weight.T + model.decoder_bias
    np.testing.assert_allclose(result["logits"], logits, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "name", ["mini-03", *(pytest.param(x, marks=pytest.mark.slow) for x in ("planted", "int8", "float16"))]
)
def test_numbers_are_those_of_python_in_double_precision(tab, pages, name):
    model = in_double(pages[name][1].model)
    sentences = sentences_of(200)
    results = tab(name).evaluate(f"{READ}({json.dumps(sentences)}, [])")
    for sentence, result in zip(sentences, results, strict=True):
        trace = model.trace(sentence, state="context")
        compare(model, result, trace, trace.h[-1][:, 0])


@pytest.mark.slow
def test_a_page_of_the_large_network_has_the_same_numbers(chromium, english):
    """As above, for 3,000 words and 512 units: numbers and every decision, twenty sentences at a time."""
    path, page = english
    model, shown = in_double(page.model), chromium.open(path)
    sentences = sentences_of(200)
    for start in range(0, len(sentences), 20):
        some = sentences[start : start + 20]
        for sentence, result in zip(some, shown.evaluate(f"{READ}({json.dumps(some)}, [])"), strict=True):
            trace = model.trace(sentence, state="context")
            compare(model, result, trace, trace.h[-1][:, 0])
    items = [item for c in ("SS", "SP", "PS", "PP") for item in na_task("nounPP", c, 50)]
    questions = [[" ".join(item.prefix), [item.right, item.wrong]] for item in items]
    margins = shown.evaluate(f"{MARGINS}({json.dumps(questions)}, [])")
    np.testing.assert_allclose(margins, minilstm.agreement(model, items).margins, rtol=0, atol=1e-9)
    assert shown.problems() == []
    shown.close()


def test_decisions_are_those_of_python(tab, pages):
    model = in_double(pages["mini-03"][1].model)
    items = [item for c in ("SS", "SP", "PS", "PP") for item in na_task("nounPP", c, 50)]
    questions = [[" ".join(item.prefix), [item.right, item.wrong]] for item in items]
    for ablated in ((), (4,), (4, 12)):
        broken = json.dumps([{"unit": unit, "value": 0} for unit in ablated])
        margins = tab().evaluate(f"{MARGINS}({json.dumps(questions)}, {broken})")
        expected = minilstm.agreement(model, items, ablate=ablated).margins
        np.testing.assert_allclose(margins, expected, rtol=0, atol=1e-9)
        assert (np.array(margins) > 0).tolist() == (expected > 0).tolist()


@pytest.mark.parametrize(("name", "units"), [("mini-03", (4,)), ("mini-03", (12, 4, 30)), ("planted", (71, 3))])
def test_an_ablated_unit_is_that_of_python(tab, pages, name, units):
    """h is 0 at every word, the context's included."""
    model = in_double(pages[name][1].model)
    broken = [{"unit": unit, "value": 0} for unit in units]
    (result,) = tab(name).evaluate(f"{READ}([{SP!r}], {json.dumps(broken)})")
    trace = model.trace(SP, state="context", ablate=units)
    compare(model, result, trace, trace.h[-1][:, 0])


@pytest.mark.parametrize(("how", "unit"), [("mean", 73), ("swap", 71), ("swap", 6)])
def test_a_unit_at_its_mean_and_a_swapped_memory(tab, pages, how, unit):
    """Both against a plain loop over `lstm.step`."""
    model = in_double(pages["planted"][1].model)
    layer, place = divmod(unit - 1, 64)
    page = tab("planted", f"#broken={unit}:{how}&unit={unit}")
    intact = [model.trace(sentence, state="context") for sentence in (SP, PP)]
    mean = np.mean([trace.h[layer][:, 0, place] for trace in intact])
    donor = intact[1].C[layer][1, 0, place]
    h, C = ([np.zeros((1, 64)) for _ in range(2)] for _ in range(2))
    words = [*model.context, *SP.split()]
    for t, word in enumerate(words):
        x = model.embedding[model.encode([word])]
        for k, weights in enumerate(model.layers):
            step = lstm.step(x, h[k], C[k], *weights)
            if k == layer and how == "mean":
                step.h[:, place] = mean
            if k == layer and how == "swap" and t == len(model.context) + 1:
                step.C[:, place] = donor
                step.h[:, place] = step.o[:, place] * np.tanh(donor)
            x, h[k], C[k] = step.h, step.h, step.C
    shown = page.evaluate("""(({ steps, logits }) => ({ C: steps.flatMap(({ C }) => [...C]), logits: [...logits] }))(
      minilstm.derive().sentences[0].now.at(-1))""")
    np.testing.assert_allclose(shown["C"], np.concatenate(C, axis=1)[0], rtol=0, atol=1e-9)
    logits = (x @ model.decoder_weight.T + model.decoder_bias)[0]
    np.testing.assert_allclose(shown["logits"], logits, rtol=1e-9, atol=1e-9)


def test_probabilities_are_over_all_words_of_the_page(tab, pages):
    model = in_double(pages["mini-03"][1].model)
    p = tab().evaluate("minilstm.derive().sentences.map((s) => s.choices.at(-1).p)")
    for sentence, ours in zip((SP, PP), p, strict=True):
        log_p = log_softmax(model.logits(sentence, state="context")[-1])[model.encode(["is", "are"])]
        np.testing.assert_allclose(ours, np.exp(log_p), rtol=1e-9)


def text(page, id):
    return page.evaluate(f"document.getElementById('{id}').innerText")


def click(page, selector):
    page.evaluate(f"document.querySelector({selector!r}).click()")


def write(page, id, words):
    """Type into a field as a person does: it is emptied, and the words go in."""
    page.evaluate(f"(document.getElementById('{id}').focus(), document.getElementById('{id}').select())")
    page.type(words) if words else page.evaluate("document.execCommand('delete')")


def test_it_opens_with_two_sentences_and_one_button_breaks_the_unit(tab):
    page = tab()
    assert re.findall(r"(is|are)\n", text(page, "verdicts")) == ["is", "are"]
    assert text(page, "break") == "Break unit 4" and "flipped" not in text(page, "verdicts")
    click(page, "#break")
    assert re.findall(r"\b(is|are)\n", text(page, "verdicts")) == ["are", "are"]
    assert "flipped: it was “is”" in text(page, "verdicts") and text(page, "break") == "Mend unit 4"
    assert text(page, "verdict") == "With unit 4 silenced, the first verb flips to are."
    click(page, "#undo")
    assert text(page, "verdict") == "All 32 units at work." and text(page, "break") == "Break unit 4"


def test_a_random_unit_is_a_control(tab):
    page = tab()
    page.evaluate("Math.random = () => 0.5")
    click(page, "#random")
    assert re.fullmatch(r"With unit \d+ silenced, drawn at random, no verb flips.", text(page, "verdict"))
    assert page.evaluate("minilstm.state().broken.every(({ unit }) => unit !== 4)")


def test_a_swapped_memory_brings_the_other_sentences_number(tab):
    page = tab()
    click(page, "#ways [value=swap]")
    click(page, "#break")
    assert text(page, "verdict") == (
        "With the other sentence’s memory in unit 4, the first verb flips to are and the second verb flips to is."
    )


def test_several_units_are_broken_in_the_list(tab):
    page = tab()
    for unit in (4, 12, 9):
        click(page, f"[data-break='{unit}']")
    assert page.evaluate("minilstm.state().broken.map(({ unit }) => unit)") == [4, 12, 9]
    assert "unit 4 silenced, unit 12 silenced, unit 9 silenced" in text(page, "verdict")
    click(page, "[data-break='12']")
    assert page.evaluate("document.querySelectorAll('#units .broken').length") == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mini-03", "planted", "float16"])
def test_the_tour_has_six_steps_that_say_what_is_there(tab, name):
    page = tab(name)
    texts = []
    for step in range(1, 7):
        assert page.evaluate("document.querySelector('#tour-steps [aria-current]').innerText") == str(step)
        texts.append(text(page, "tour-text"))
        assert "undefined" not in texts[-1] and "NaN" not in texts[-1]
        click(page, "#tour-next")
    assert len(set(texts)) == 6 and page.evaluate("document.getElementById('tour').hidden")
    if name == "planted":  # the paper's mechanism
        assert "So it is here" in texts[2] and "Now the verb follows that noun" in texts[4]
        assert (
            "unit 76, shown here, is one" in texts[4] and "unit 73 is the one here, and its cell does just" in texts[5]
        )
    else:
        assert "Here it is otherwise" in texts[2]
    if name == "mini-03":
        assert "does not decide it" in texts[4] and "unit 32 is the one here, but its cell takes no" in texts[5]


@pytest.mark.slow
def test_the_tour_of_the_large_network_shows_the_papers_gates_and_says_where_it_differs(chromium, english):
    page = chromium.open(english[0])
    texts = []
    for _ in range(6):
        texts.append(text(page, "tour-text"))
        if len(texts) == 1:
            click(page, "#break")
            assert text(page, "verdict") == "With unit 416 silenced, the first verb flips to are."
        if len(texts) == 4:
            assert page.evaluate("minilstm.derive().sentences.map((s) => s.choices.at(-1).share < 0.5)") == [True, True]
        click(page, "#tour-next")
    assert "unit 416, takes note" in texts[0] and "the two stay apart to the end" in texts[0]
    assert "learned to guess the next word" in texts[1] and "they do not meet again" in texts[1]
    assert "So it is here: on average i = 0.0" in texts[2]
    assert "The boy near the cars now wants are; The boys near the cars keeps are" in texts[3]
    assert "Without unit 416, here are two" in texts[4] and "Now the verb follows that noun" in texts[4]
    assert "unit 290, shown here, is one by its rule" in texts[4]
    assert "unit 333 is the one here, but its cell takes no such step" in texts[5]
    assert page.evaluate("document.getElementById('tour').hidden") and page.problems() == []
    page.close()


def test_unknown_words_are_marked_and_near_ones_offered(tab):
    page = tab()
    write(page, "first", "The boi near the cars")
    assert "“boi” is not among the 289 words" in text(page, "first-note")
    assert page.evaluate("document.getElementById('first').getAttribute('aria-invalid')") == "true"
    assert page.evaluate("document.querySelectorAll('#stage .unknown').length") == 1
    assert page.evaluate("minilstm.derive().sentences[0].now.length") == 1
    offered = page.evaluate("[...document.querySelectorAll('#first-note button')].map((b) => b.innerText)")
    assert offered[0] == "boy" and len(offered) == len(set(offered)) == 6
    click(page, "#first-note button")
    assert page.evaluate("document.getElementById('first').value") == SP and text(page, "first-note") == ""


def test_where_nothing_is_spelt_alike_the_words_are_offered_that_the_network_expects(tab, pages):
    page = tab()
    write(page, "first", "The zyxwv near")
    offered = page.evaluate("[...document.querySelectorAll('#first-note button')].map((b) => b.innerText)")
    model = in_double(pages["mini-03"][1].model)
    likely = [model.vocabulary[k] for k in np.argsort(-model.logits("The", state="context")[0])]
    assert offered == [word for word in likely if word.isalpha()][:6] and "Spelt" not in text(page, "first-note")
    write(page, "first", "zyxwv")
    assert page.evaluate("document.querySelectorAll('#first-note button').length") == 6


@pytest.mark.parametrize("words", ["", "   ", "xyzzy"])
def test_nothing_to_read_is_no_error(tab, words):
    page = tab()
    write(page, "first", words)
    write(page, "second", words)
    assert text(page, "verdict") == "There is no sentence to read yet."
    click(page, "#break")
    click(page, "#ways [value=mean]")
    page.press("ArrowRight")


def test_one_sentence_alone(tab):
    page = tab()
    write(page, "second", "")
    assert text(page, "verdicts").count("The boy") == 1
    assert page.evaluate("document.querySelector('#ways [value=swap]').disabled")
    click(page, "#break")
    assert "first verb flips" in text(page, "verdict")


def test_sentences_of_different_lengths(tab):
    page = tab(fragment="#second=The+boys+are")
    assert page.evaluate("minilstm.derive().length") == 5
    for key in ["ArrowLeft"] * 6 + ["ArrowRight"] * 9:
        page.press(key)
    assert page.evaluate("minilstm.derive().word") == 4


def test_three_hundred_words_and_not_one_more(tab):
    page = tab()
    write(page, "first", " ".join(["The boy near the cars"] * 61))
    assert page.evaluate("minilstm.derive().sentences[0].now.length") == 300
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    click(page, "#details summary")
    assert page.evaluate("document.querySelectorAll('#table tbody tr').length") == 305


def test_three_hundred_words_and_six_hundred_units(chromium, tmp_path):
    """More numbers than a function takes arguments."""
    explore(small_model((300, 300)), results=Results({})).save(tmp_path / "wide.html")
    page = chromium.open(tmp_path / "wide.html")
    sentence = " ".join(["The boy near the cars"] * 60)
    page.evaluate(f"minilstm.change({{ sentences: [{sentence!r}, {sentence.replace('boy', 'boys')!r}], list: 'all' }})")
    assert page.evaluate("document.querySelectorAll('#units li:not([hidden])').length") == 600
    assert page.evaluate("document.querySelectorAll('#stage .column').length") == 300 and page.problems() == []
    page.close()


def test_examples_of_the_tasks(tab):
    """A pair of each task: the first and the last of its conditions."""
    page = tab()
    choose = "(id, value) => { part(id).value = value; part(id).dispatchEvent(new Event('change')); }"
    page.evaluate("(window.part = (id) => document.getElementById(id), 0)")
    tasks = page.evaluate("Object.entries(minilstm.model.examples).map(([task, some]) => [task, Object.keys(some)])")
    assert len(tasks) == 14
    for task, conditions in tasks:
        for id, condition in (("first-example", conditions[0]), ("second-example", conditions[-1])):
            page.evaluate(f"({choose})({id!r}, {f'{task}/{condition}'!r})")
        known = page.evaluate("minilstm.derive().sentences.every((s) => s.unknown < 0 && s.now.length > 1)")
        assert known and page.evaluate("document.getElementById('first-example').value") == f"{task}/{conditions[0]}"
        assert text(page, "verdicts").count("flipped") == 0


def test_the_fragment_holds_the_state(tab):
    page = tab()
    write(page, "first", "The girls near the car")
    click(page, "[data-unit='12']")
    click(page, "[data-break='7']")
    click(page, "[data-view='second']")
    page.evaluate("document.activeElement.blur()")
    page.press("ArrowLeft")
    written = "new Promise((done) => setTimeout(done, 400)).then(() => [minilstm.state(), location.hash])"
    state, fragment = page.evaluate(written)
    assert state["word"] == 3 and state["unit"] == 12
    assert tab(fragment=fragment).evaluate("minilstm.state()") == state


def test_a_link_from_the_report_opens_what_it_says(tab):
    fragment = "#unit=12&first=The+farmers+near+the+dog&second=The+farmer+near+the+dog&forms=avoids%2Favoid&tour=0"
    page = tab(fragment=f"{fragment}&broken=12%3Azero")
    state = page.evaluate("minilstm.state()")
    assert state["sentences"] == ["The farmers near the dog", "The farmer near the dog"] and state["unit"] == 12
    assert state["forms"] == ["avoids", "avoid"] and state["broken"] == [{"unit": 12, "how": "zero"}]
    assert page.evaluate("document.getElementById('tour').hidden") and "12 silenced" in text(page, "verdict")


HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    "fragment",
    [
        f"#first={quote(HOSTILE)}&second={quote(HOSTILE)}&forms={quote(HOSTILE)}/is",
        "#unit=0&broken=4:explode,99:zero,4:__proto__,-1:zero,4:zero,4:mean&word=1e9&view=constructor&tour=99",
        "#unit=4%00&broken=4&word=-3&view=__proto__&tour=-1&controls=maybe",
        "#first=" + "a" * 100_000,
        "#" + "&" * 5000,
        "#first=%E0%A4%A&second=%FF&first=%",
    ],
)
def test_a_hostile_fragment_is_text_or_nothing(tab, fragment):
    page = tab(fragment=fragment)
    assert page.evaluate("document.querySelectorAll('img, script:not(#content):not(:last-of-type)').length") == 0
    state = page.evaluate("minilstm.state()")
    assert state["unit"] == 4 and state["view"] == "difference" and state["forms"] == ["is", "are"]
    assert state["broken"] in ([], [{"unit": 4, "how": "zero"}])
    assert text(page, "verdict")


def test_what_is_typed_is_text(tab):
    page = tab()
    write(page, "first", f"The boy {HOSTILE} </script><script>document.title='x'</script>")
    write(page, "forms", f"is/{HOSTILE}")
    assert page.evaluate("document.querySelectorAll('img').length") == 0 and "<img" in text(page, "first-note")
    assert page.evaluate("minilstm.state().forms") == ["is", "are"]
    write(page, "forms", "is/<b>")
    assert "“<b>” is not among" in text(page, "forms-note")


def test_verb_forms_are_chosen(tab):
    page = tab()
    write(page, "forms", "greets/greet")
    assert "The boy near the cars greets" in text(page, "verdicts")
    for words, told in (("greets/greeet", "“greeet” is not among the 289 words"), ("greets", "Two forms of a verb")):
        write(page, "forms", words)
        assert told in text(page, "forms-note") and page.evaluate("minilstm.state().forms") == ["greets", "greet"]


def test_hidden_controls_leave_a_picture(tab):
    page = tab(fragment="#controls=hidden")
    assert page.evaluate("['write', 'tour', 'ways'].every((id) => document.getElementById(id).offsetParent === null)")
    click(page, "#controls")
    assert page.evaluate("document.getElementById('write').offsetParent !== null")


def test_hovering_gives_numbers_and_formula(tab):
    page = tab()
    left, top, *_ = boxes_of(page, "#stage .column")[0]
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=left + 9, y=top + 90)
    tip = text(page, "tip")
    assert "after “The”, unit 4" in tip and re.search(r"C = f · C before \+ i · C̃ = 0\.\d\d · \(?.\d\.\d\d\)? \+", tip)
    assert re.search(r"p\(is\) = \d\.\d(e-\d|\d{3})", tip)


def tip_at(page, list):
    """Go to a list by Tab; what the bubble says there, what a screen reader is told, and what says it."""
    for _ in range(60):
        page.press("Tab")
        if page.evaluate("document.activeElement.dataset.list") == list:
            label = page.evaluate("document.activeElement.getAttribute('aria-label')")
            return text(page, "tip"), label, page.evaluate("document.activeElement.dataset.unit")
    raise AssertionError(f"Tab never comes to {list}")


def numbers_in(line):
    return [float(number) for number in re.findall(r"[-+]?\d+\.\d+(?:e-\d+)?", line.replace("−", "-"))]


@pytest.mark.parametrize(("name", "unit"), [("mini-03", 4), ("planted", 71), ("planted", 6)])
def test_the_keyboard_gets_every_number_with_its_formula(tab, pages, name, unit):
    """Of the gates, p of both forms, contributions, afferents and the list of units; for a screen reader, too."""
    model = in_double(pages[name][1].model)
    layer, place = next((k, unit - 1 - sum(model.sizes[:k])) for k in (1, 0) if unit > sum(model.sizes[:k]))
    trace, weights = model.trace(SP, state="context"), model.layers[layer]
    page = tab(name, f"#unit={unit}")
    before = [layer[-2, 0] for layer in trace.h]
    x = trace.h[layer - 1][-1, 0] if layer else model.embedding[model.encode(["cars"])[0]]
    for gate, block in zip(("i", "f", "o", "C_tilde"), (0, 1, 3, 2), strict=True):
        row = block * model.sizes[layer] + place
        tip, label, _ = tip_at(page, gate)
        expected = weights.W[row] @ x, weights.U[row] @ before[layer], weights.b[row]
        np.testing.assert_allclose(numbers_in(tip.splitlines()[0])[:3], expected, atol=0.0051)
        np.testing.assert_allclose(
            numbers_in(tip.splitlines()[0])[3], getattr(trace, gate)[layer][-1, 0, place], atol=5.1e-4
        )
        assert tip == label and "(W x + U h before + b)" in tip and tip.startswith("● cars") and "■ cars" in tip
    tip, label, _ = tip_at(page, "units")
    f, C, i, C_tilde = (
        getattr(trace, gate)[layer][t, 0, place] for gate, t in (("f", -1), ("C", -2), ("i", -1), ("C_tilde", -1))
    )
    np.testing.assert_allclose(numbers_in(tip.splitlines()[1]), [f, C, i, C_tilde, f * C + i * C_tilde], atol=0.0051)
    assert "C = f · C before + i · C̃" in tip and "difference: " in tip and "cars" in label
    tip, label, told = tip_at(page, "told")
    h, row = trace.h[-1][-1, 0, int(told) - 1 - sum(model.sizes[:-1])], int(told) - 1 - sum(model.sizes[:-1])
    difference = np.subtract(*model.decoder_weight[model.encode(["is", "are"]), row])
    np.testing.assert_allclose(numbers_in(tip.splitlines()[1]), [h, difference, h * difference], atol=0.0051)
    assert tip == label and "weight onto is − weight onto are" in tip
    logits = model.logits(SP, state="context")[-1]
    for k, form in enumerate(("is", "are")):
        tip, label, _ = tip_at(page, f"p{k}")
        logit, log_sum, p = numbers_in(tip.splitlines()[0])
        np.testing.assert_allclose(logit, logits[model.encode([form])[0]], atol=0.0051)
        np.testing.assert_allclose(p, np.exp(log_softmax(logits))[model.encode([form])[0]], rtol=0.06)
        assert abs(log_sum - np.logaddexp.reduce(logits)) < 0.0051 and tip == label
    tip, label, other = tip_at(page, "heard")
    other_layer = int(int(other) > model.sizes[0]) if len(model.sizes) > 1 else 0
    where = int(other) - 1 - sum(model.sizes[:other_layer])
    weight = (weights.U if other_layer == layer else weights.W)[place, where]
    h = before[layer][where] if other_layer == layer else x[where]
    np.testing.assert_allclose(numbers_in(tip.splitlines()[1]), [weight, h, weight * h], atol=0.0051)
    assert tip == label and "weight · its h" in tip


def test_arrow_keys_walk_through_a_list_and_along_a_chart(tab):
    page = tab()
    first, _, one = tip_at(page, "told")
    page.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.unit") != one and text(page, "tip") != first
    assert (
        page.evaluate("[...document.querySelectorAll('[data-list=told]')].filter((e) => e.tabIndex === 0).length") == 1
    )
    for _ in range(9):
        page.press("ArrowDown")
    assert text(page, "tip").startswith("sum: logit of is − logit of are")
    for word in ("the", "near"):
        page.press("ArrowLeft")
        assert f"after “{word}”" in text(page, "told-title") and text(page, "tip").startswith("sum")
    page = tab()
    tip_at(page, "words")
    page.press("ArrowLeft")
    assert "after “the”, unit 4" in text(page, "tip") and page.evaluate("minilstm.state().word") == 3
    assert page.evaluate("document.querySelectorAll('#stage [tabindex=\"0\"]').length") == 1


def test_p_of_both_forms_is_drawn_after_each_word(tab, pages):
    page = tab(fragment="#broken=4:zero")
    model = in_double(pages["mini-03"][1].model)
    columns = [model.encode([form])[0] for form in ("is", "are")]
    now, intact = (
        np.exp(log_softmax(model.logits(SP, state="context", **options)))[:, columns]
        for options in ({"ablate": (4,)}, {})
    )
    charts = page.evaluate("""[...document.querySelectorAll("#chances figure")].map((figure) => {
      const pointsOf = (kind) => figure.querySelector(`${kind} polyline`).getAttribute("points");
      return [figure.querySelector("b").innerText, pointsOf(".line.first"), pointsOf(".before.first")]; })""")
    assert [name for name, *_ in charts] == ["p(is)", "p(are)"]
    for k, (_, *drawn) in enumerate(charts):
        heights = np.concatenate([[float(point.split(",")[1]) for point in points.split()] for points in drawn])
        p = np.concatenate([now[:, k], intact[:, k]])
        slope, start = np.polyfit(p, heights, 1)
        np.testing.assert_allclose(heights, start + slope * p, atol=0.06)
        assert slope < 0


def test_a_click_puts_a_singular_across_a_plural_beside_the_reverse(tab):
    page = tab()
    click(page, "[data-pair='SP against PS']")
    assert page.evaluate("minilstm.state().sentences") == [SP, "The boys near the car"]
    assert re.findall(r"(is|are)\n", text(page, "verdicts")) == ["is", "are"]
    assert page.evaluate("[...document.querySelectorAll('#pairs [aria-pressed=true]')].map((b) => b.innerText)") == [
        "SP against PS"
    ]
    click(page, "[data-pair='SP against PP']")
    assert page.evaluate("minilstm.state().sentences") == [SP, PP]


@pytest.mark.parametrize("dark", [False, True])
def test_every_colour_has_a_legend(tab, dark):
    """Whatever is drawn in a colour with a meaning: a text in that colour says what it means."""
    page = tab(fragment="#broken=4:zero&first=The+boi&tour=0", dark=dark)
    told = page.evaluate("""["first", "second", "flip", "plus", "minus"].map((name) => {
      const colourOf = (element) => getComputedStyle(element).color;
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = `var(--${name})`;
      const texts = [...document.querySelectorAll("#key span, #heard p span")];
      const same = texts.filter((e) => colourOf(e) === colourOf(probe));
      probe.remove();
      return same.map((e) => e.innerText).join(); })""")
    assert told == ["● first sentence", "■ second", "orange", "green, +", "purple, −"]
    assert "dotted: intact" in text(page, "key") and "struck out in orange is what is broken" in text(page, "all")


def test_the_address_holds_all_that_is_seen(tab):
    page = tab()
    page.evaluate("Math.random = () => 0.5")
    click(page, "#ways [value=mean]")
    click(page, "#random")
    click(page, "summary")
    page.evaluate("minilstm.change({ list: 'all', word: 1, view: 'second' })")
    page.evaluate("new Promise((done) => setTimeout(done, 500))")
    state, told, fragment = page.evaluate(
        "[minilstm.state(), document.getElementById('verdict').innerText, location.hash]"
    )
    other = tab(fragment=fragment)
    assert other.evaluate("minilstm.state()") == state and state["random"] and state["way"] == "mean"
    assert text(other, "verdict") == told and "drawn at random" in told
    assert other.evaluate("document.querySelectorAll('#table table').length") == 2
    click(other, "#undo") if other.evaluate("!document.getElementById('undo').disabled") else click(other, "#break")
    assert other.evaluate("document.querySelector('#ways input:checked').value") == "mean"


def test_a_step_of_the_tour_is_a_short_address(tab):
    page = tab(fragment="#tour=5")
    assert "after car and" in text(page, "tour-text") and page.evaluate("minilstm.state().broken.length") == 2
    click(page, "[data-break='4']")
    page.evaluate("minilstm.change({ word: 0 })")
    page.evaluate("new Promise((done) => setTimeout(done, 500))")
    state, fragment = page.evaluate("[minilstm.state(), location.hash]")
    assert set(fragment[1:].split("&")) == {"broken=12%3Azero", "word=1", "tour=5"}
    assert tab(fragment=fragment).evaluate("minilstm.state()") == state
    assert tab(fragment="#tour=4&broken=").evaluate("minilstm.state().broken") == []
    assert tab(fragment="#tour=2&word=").evaluate("minilstm.state().word") is None


def test_the_contributions_add_up_to_the_choice(tab, pages):
    page = tab()
    model = in_double(pages["mini-03"][1].model)
    logits = model.logits(SP, ["is", "are"], state="context")[-1]
    total = page.evaluate("document.querySelector('#contributions .total .numbers .first').innerText")
    assert total == f"{logits[0] - logits[1]:+.2f}"


def test_afferents_are_the_largest_weights(tab, pages):
    U = pages["mini-03"][1].model.layers[0].U
    units = "[...dd.children].map((button) => Number(button.dataset.unit))"
    shown = tab().evaluate(f"[...document.querySelectorAll('#afferents dd')].map((dd) => {units})")
    for gate, units in zip((0, 1, 3, 2), shown, strict=True):  # i, f, o, C~ of unit 4, blocks i f g o
        assert units == (np.argsort(-np.abs(U[gate * 32 + 3]), kind="stable")[:4] + 1).tolist()


def test_the_circuit_can_be_walked(tab):
    page = tab("planted")
    click(page, "#afferents [data-unit='73']")
    assert page.evaluate("minilstm.state().unit") == 73 and "unit 73" in text(page, "heard-title").lower()


def find_axe():
    """axe-core, as a Python package brings it; the newest that is installed."""
    package = next(filter(None, map(find_spec, ("axe_playwright_python", "axe_core_python"))), None)
    if package is None:
        need("axe_core_python")
    return (Path(package.submodule_search_locations[0]) / "axe.min.js").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("fragment", ["", "#broken=4:zero,12:mean&first=The+boi+near", "#controls=hidden", "#second="])
def test_axe_finds_nothing(tab, fragment, dark):
    page = tab(fragment=fragment, dark=dark)
    click(page, "summary")
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    page.evaluate(find_axe())
    assert page.evaluate(AXE) == []
    page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    assert [name for name, _ in page.evaluate(AXE)] == ["label"]  # it does look


def test_the_keyboard_alone_is_enough(tab):
    """From the top of the page by Tab to the tour, the chart, the button; every stop is seen, and named."""
    page = tab()
    stops = []
    for _ in range(60):
        page.press("Tab")
        stops.append(page.evaluate(FOCUSED))
        if stops[-1][0] == "break":
            page.press("Enter")
            assert text(page, "verdict").startswith("With unit 4 silenced")
        if stops[-1][0] == "controls":
            break
    names = [name for name, *_ in stops]
    order = (
        "break words word unit random i f o C_tilde first second forms units toggles told p0 p1 heard controls".split()
    )
    assert [name for name in names if name in order] == order
    assert all(label.strip() and is_seen for _, label, is_seen in stops)
    assert len(stops) <= 45  # of a list or a chart one item


def test_arrow_keys_walk_through_words_and_units(tab):
    page = tab()
    page.press("ArrowLeft")
    assert page.evaluate("minilstm.derive().word") == 3
    page.evaluate("document.querySelector('#units [data-unit=\"4\"]').focus()")
    page.press("ArrowDown")
    assert page.evaluate("[minilstm.state().unit, document.activeElement.dataset.unit]") == [12, "12"]
    page.press("Tab")
    page.press("Enter")
    assert page.evaluate("minilstm.state().broken") == [{"unit": 12, "how": "zero"}]
    assert page.evaluate("document.activeElement.dataset.break") == "12"


def test_a_table_holds_the_numbers_for_those_who_do_not_see_the_lines(tab, pages):
    page = tab()
    page.evaluate("document.getElementById('details').open = true")
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    table = "[...document.querySelectorAll('#table table:first-of-type tbody tr')]"
    rows = page.evaluate(f"{table}.map((row) => row.innerText.split('\t'))")
    trace = in_double(pages["mini-03"][1].model).trace(SP, state="context")
    assert [row[0].strip() for row in rows] == SP.split()
    cells = [float(row[5].replace("−", "-")) for row in rows]
    np.testing.assert_allclose(cells, trace.C[0][:, 0, 3], atol=5.1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 360, 768, 1440, 2560])
@pytest.mark.parametrize(
    "fragment", ["", "#broken=4:zero&tour=4", "#first=The+carpenter+overtly+and+deliberately&tour=0"]
)
def test_nothing_is_wider_than_the_screen(tab, width, fragment, dark):
    page = tab(fragment=fragment, width=width, height=800, dark=dark)
    assert page.evaluate(WIDE) == []


def test_words_do_not_run_into_one_another(tab):
    for width in (360, 1440):
        page = tab(fragment="#first=The+carpenters+overtly+and+deliberately&second=&tour=0", width=width, height=800)
        boxes = boxes_of(page, "#stage .word")
        assert len(boxes) == 5
        assert all(one[2] < other[0] for one, other in zip(boxes, boxes[1:], strict=False))


def test_on_a_phone_tab_goes_down_the_page(tab):
    """Each stop stands below the one before it, or beside it."""
    page = tab(width=360, height=800)
    tops = []
    for _ in range(60):
        page.press("Tab")
        box = "(({ top, bottom }) => [top + scrollY, bottom + scrollY])(document.activeElement.getBoundingClientRect())"
        id, (top, bottom) = page.evaluate(f"[document.activeElement.id, {box}]")
        assert not tops or bottom > tops[-1], id
        tops.append(top)
        if id == "open":
            break
    assert len(tops) > 20 and id == "open"


def test_on_a_phone_the_button_is_in_reach_at_once(tab):
    page = tab(width=360, height=800)
    ((_, top, _, bottom),) = boxes_of(page, "#break")
    assert 0 < top < bottom < 800


def test_without_javascript_the_page_says_so(chromium, pages):
    page = chromium.open("/dev/null")
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.go(pages["mini-03"][0].as_uri())
    assert "switched off" in page.evaluate("document.body.innerText")
    page.close()


def drop(page, path):
    """Drop a file on the page; waits until it says something about it."""
    data = json.dumps([base64.b64encode(path.read_bytes()).decode(), path.name])
    return page.evaluate(f"""(async ([data, name]) => {{
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
      document.body.dispatchEvent(new DragEvent("drop", {{ dataTransfer: transfer, bubbles: true, cancelable: true }}));
      const note = document.getElementById("file-note"), before = note.textContent;
      while (note.textContent === before) await new Promise((done) => setTimeout(done, 20));
      return note.textContent; }})({data})""")


@pytest.mark.parametrize(
    ("name", "dtype", "ending"),
    [
        ("mini", "float32", "npz"),
        ("mini", "float16", "npz"),
        ("planted", "float64", "npz"),
        ("mini", "int8", "npz"),
        ("mini", "float16", "safetensors"),
        ("planted", "float64", "safetensors"),
    ],
)
def test_a_dropped_model_file_takes_the_stage(tab, tmp_path, name, dtype, ending):
    path = tmp_path / f"own.{ending}"
    minilstm.load(name).save(path, dtype)
    page = tab()
    page.evaluate("minilstm.change({ broken: [{ unit: 4, how: 'zero' }] })")
    assert drop(page, path) == f"own.{ending} is open. It has not left this device."
    model = minilstm.load(path, "float64")
    (result,) = page.evaluate(f"{READ}([{SP!r}], [])")
    trace = model.trace(SP, state="context")
    compare(model, result, trace, trace.h[-1][:, 0])
    assert page.evaluate("document.title").startswith("own, an LSTM language model of ")
    assert text(page, "about").startswith("own, an LSTM") and text(page, "verdict").startswith("All ")
    assert text(page, "break") == f"Break unit {model.provenance['number_units'][0]}"
    click(page, "#random")
    assert page.evaluate("minilstm.derive().sentences.every((s) => s.now.length === 5)")


def test_a_file_that_is_no_model_is_refused_with_a_sentence(tab, tmp_path):
    path = tmp_path / "own.npz"
    minilstm.load("mini").save(path)
    whole = path.read_bytes()
    page = tab()
    for data, reason in (
        (b"", "this is no .npz file"),
        (b"hello" * 9, "this is no .npz file"),
        (whole[:-40], "this is no .npz file"),
        (whole.replace(b"'shape': (128,)", b"'shape': (127,)"), "holds not what it says"),
        (whole.replace(b'"ifgo"', b'"ifxo"'), "the gate order ifxo"),
        (whole.replace(b"embedding.npy", b"embeddinx.npy"), "the file lacks embedding"),
        (whole.replace(b"header.npy", b"haeder.npy"), "it has no header"),
        (whole.replace(b'"sizes": {', b'"sizes": 7'), "it is damaged"),
        (whole[:-6] + b"\xff" * 4 + whole[-2:], "it is damaged"),  # where its list of members begins
    ):
        path.write_bytes(data)
        assert reason in drop(page, path)
        page.evaluate("document.getElementById('file-note').textContent = ''")
    assert page.evaluate("minilstm.model.name") == "mini-03" and "is 94" in text(page, "verdicts")


def test_tensors_that_are_no_model_file_of_ours_are_refused_with_a_sentence(tab, tmp_path):
    path = tmp_path / "own.safetensors"
    minilstm.load("mini").save(path)
    whole = path.read_bytes()
    page = tab()
    for data, reason in (
        (b"hello", "this is no .safetensors file"),
        (b"\xff" * 99, "this is no .safetensors file"),
        (whole[:-40], "holds not what it says"),
        (whole.replace(b'"minilstm"', b'"minilsxx"'), "minilstm import --vocab makes a model file of it"),
        (whole.replace(b"data_offsets", b"data_offsetx"), "it is damaged"),
        (whole.replace(b'"shape": [', b'"shape": ,'), "it is damaged"),
        (whole.replace(b"encoder.weight", b"encodex.weight"), "the file lacks embedding"),
        (whole.replace(b"rnn.bias_ih_l0", b"rnn.bias_xx_l0"), "the file lacks b0"),
        (whole.replace(b"rnn.bias_hh_l0", b"rnn.bias_xx_l0"), "the file lacks b0"),
    ):
        path.write_bytes(data)
        assert reason in drop(page, path)
        page.evaluate("document.getElementById('file-note').textContent = ''")
    assert page.evaluate("minilstm.model.name") == "mini-03"


def saved(page, button):
    """What a button offers as a file."""
    return page.evaluate(f"""new Promise((done) => {{
      const create = URL.createObjectURL;
      URL.createObjectURL = (blob) => {{ blob.text().then(done); URL.createObjectURL = create; return create(blob); }};
      document.getElementById("{button}").click(); }})""")


def test_the_view_is_saved_as_a_picture(tab, chromium, tmp_path):
    page = tab(fragment="#broken=4:zero")
    page.send("Browser.setDownloadBehavior", behavior="deny")
    picture = saved(page, "svg")
    ElementTree.fromstring(picture)
    assert "var(--" not in picture and "tabindex" not in picture
    assert picture.count("<polyline") == 8 and "boys" in picture


def test_the_numbers_are_saved_as_a_table(tab, pages):
    page = tab()
    page.send("Browser.setDownloadBehavior", behavior="deny")
    rows = list(csv.DictReader(io.StringIO(saved(page, "csv"))))
    assert len(rows) == 2 * 5 * 32
    trace = in_double(pages["mini-03"][1].model).trace(SP, state="context")
    for gate in GATES:
        ours = np.array([float(row[gate]) for row in rows if row["sentence"] == "first"]).reshape(5, 32)
        np.testing.assert_allclose(ours, getattr(trace, gate)[0][:, 0], rtol=0, atol=1e-9)
    assert 0 < float(rows[-1]["p(are)"]) < 1


def test_the_word_that_is_looked_at_is_in_view(tab):
    page = tab(fragment=f"#first={'+'.join(['The+boy+near+the+cars'] * 8)}&tour=0", width=360, height=800)
    for word in (39, 0, 20):
        page.evaluate(f"minilstm.change({{ word: {word} }})")
        ((left, _, right, _),) = boxes_of(page, f"#stage .column[data-word='{word}']")
        assert -1 < left < right < 361


def test_the_list_of_units_has_a_column_for_each_word_that_is_read(tab):
    page = tab(fragment="#first=The+boy+near+xyzzy+cars&tour=0")
    for view, columns in (("difference", 3), ("first", 3), ("second", 5)):
        click(page, f"[data-view='{view}']")
        assert page.evaluate("document.querySelectorAll('#unit-words span').length") == columns
        stops = page.evaluate("document.querySelector('#units .strip').style.background.match(/color-mix/g).length")
        assert stops == columns


def test_it_lives_in_a_notebook(chromium, pages, tmp_path):
    """In a frame that has no address of its own."""
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><title>notebook</title>{pages['mini-03'][1]._repr_html_()}", encoding="utf-8")
    page = chromium.open(path)
    page.evaluate("new Promise((done) => setTimeout(done, 300))")
    inside = "document.querySelector('iframe').contentDocument"
    page.evaluate(f"{inside}.getElementById('break').click()")
    page.evaluate("new Promise((done) => setTimeout(done, 400))")  # until the address would have followed
    assert "flips to are" in page.evaluate(f"{inside}.getElementById('verdict').innerText")
    assert page.problems() == []
    page.close()


def test_sentences_of_ones_own_come_first_and_the_tour_on_request(chromium, results, tmp_path):
    """The tour speaks of its own sentences, so it is closed where the page opens with others."""
    path = tmp_path / "own.html"
    own = ("The girls", "The girl"), ("greet", "greets")
    explore(minilstm.load("mini-03"), *own, results=results["mini-03"]).save(path)
    page = chromium.open(path)
    assert page.evaluate("document.getElementById('tour').hidden") and "The girls greet" in text(page, "verdicts")
    click(page, "#tour-open")
    assert "The boy near the cars is" in text(page, "tour-text") and "The boy near the cars is" in text(
        page, "verdicts"
    )
    assert page.problems() == []
    page.close()
