"""The report: sound HTML without network or script, as a browser draws it on a wide screen, on a phone, in print."""

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
from browser import browser as chromium

from minilstm import load
from minilstm.analyses import ANALYSES
from minilstm.analyses.base import Table
from minilstm.analyses.experiment import Experiment
from minilstm.report.files import write
from minilstm.report.html import _table
from minilstm.report.ledger import LATER
from minilstm.report.reproduce import EXPLORER, run
from minilstm.report.svg import to_svg

NAME = 'a "<b>&model'
VOID = {"meta", "br", "img", "link", "input", "hr"}
MEASURE = """<script>
window.errors = []; window.onerror = (what) => window.errors.push(String(what));
window.onload = () => { document.querySelectorAll("details").forEach(one => { one.open = true; });
  const boxes = [...document.querySelectorAll("main svg, main img")].map(one => {
  const box = one.getBoundingClientRect(); return [box.width, box.height]; });
  const wide = [...document.querySelectorAll("main *")].filter(one => !one.closest(".scroll > *") &&
    one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(one => one.outerHTML.slice(0, 80));
  const out = document.createElement("pre"); out.id = "measured";
  out.textContent = JSON.stringify({boxes, wide, errors: window.errors,
    page: document.documentElement.scrollWidth, screen: document.documentElement.clientWidth});
  document.body.append(out); };
</script>"""


class Page(HTMLParser):
    """What of a page is checked: that tags close, ids, links, texts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.tags, self.attributes = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        self.attributes.append((tag, attributes))
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [
            value for name, value in attributes.items() if name in ("href", "xlink:href", "src", "clip-path")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What a report is made of: that of the planted network, under a name that has to be escaped."""
    folder = tmp_path_factory.mktemp("report")
    experiment = Experiment(load("planted"), n=12, n_random=20)
    return NAME, experiment, run(experiment, folder), folder


@pytest.fixture(scope="module")
def path(report):
    write(*report)
    return report[-1] / "report.html"


@pytest.fixture(scope="module")
def page(path):
    return Page(path.read_text(encoding="utf-8"))


def test_it_is_sound(page, path):
    text = path.read_text(encoding="utf-8")
    assert not page.open and not {"script", "link", "iframe", "img"} & set(page.tags)
    assert (
        text.startswith('<!DOCTYPE html>\n<html lang="en">')
        and '<meta name="viewport" content="width=device-width' in text
    )
    assert NAME not in text and "a &quot;&lt;b&gt;&amp;model" in text and "b" not in page.tags
    assert not re.search(r"(?:src|href|url)\W{1,3}(?:https?:|//|file:)", text) and "@import" not in text
    assert not re.search(r"\d %", text)  # a percent sign might stand alone on a line
    headings = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1 and headings.count(1) == 1 and set(headings) == {1, 2, 3}


def test_what_the_paper_leaves_open_stands_apart_from_it(path):
    """Its sections are in one of their own, after the claims."""
    text = path.read_text(encoding="utf-8")
    paper, beyond = text.split('<section id="open">')
    assert all(f'id="claim-{claim.number}"' in beyond for claim in LATER)
    assert 'id="claims"' in paper and "tests none of its claims" in beyond.split("</p>")[0]
    for analysis in ANALYSES:
        if analysis.home != analysis.name or analysis.requires:
            continue  # shown in the section of another, or only where it is asked for
        further = bool(
            re.search(rf'<h3>{analysis.title}</h3> <span>[^<]+</span></summary><section id="{analysis.name}">', beyond)
        )
        assert further == (not analysis.paper) and further != (f'<section id="{analysis.name}"><h2>' in paper)


def test_ids_are_unique_and_every_reference_is_met(page):
    assert len(page.ids) == len(set(page.ids)) > 300
    inside = [re.sub(r"^(?:url\()?#|\)$", "", link) for link in page.links if not link.startswith("data:")]
    assert len(inside) > 300 and set(inside) <= set(page.ids)


def test_in_the_dark_numbers_keep_their_colours_where_heat_maps_do(page, path):
    """Else white ones on a dark cell would be turned black."""
    inside = [one for one in page.ids if re.search(r"-cell-\d+-\d+-\d+$", one)]
    assert {one.partition("-")[0] for one in inside} == {"ablations", "patching"}
    assert 'svg image, svg [id*="-cell-"] { filter' in path.read_text(encoding="utf-8")


def test_units_are_links_to_an_explorer_where_there_is_one(report, path, tmp_path):
    """Each in sentences in which its number matters; in the section on ablation, broken."""
    assert EXPLORER not in path.read_text(encoding="utf-8")
    name, experiment, runs, _ = report
    (tmp_path / EXPLORER).touch()
    write(name, experiment, runs, tmp_path)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert not page.open
    links = [link.removeprefix(EXPLORER) for link in page.links if link.startswith(EXPLORER)]
    assert links[0] == "" and all(link.startswith("#unit=") for link in links[1:])
    states = [dict(parse_qsl(link[1:])) for link in links[1:]]
    assert {state["unit"] for state in states} == {"71", "72", "73", "75", "76", "77"}
    for state in states:
        first, second = (state[key].split() for key in ("first", "second"))
        assert first[1].endswith("s") == (state["unit"] == "72") != second[1].endswith("s") and first[2:] == second[2:]
        assert first[-1].endswith("s") != first[1].endswith("s") and state["forms"].split("/")[0].endswith("s")
    assert [state["broken"] for state in states if "broken" in state] == ["71:zero", "72:zero"]
    section = (tmp_path / "report.html").read_text(encoding="utf-8").split('<section id="gates">')[1].split("<svg")[0]
    assert section.count(f'href="{EXPLORER}#unit=') == 2


def test_figures_and_tables_say_what_they_are(page):
    pictures = [attributes for tag, attributes in page.attributes if tag == "svg"]
    assert len(pictures) > 12 and all(one["role"] == "img" and len(one["aria-label"]) > 20 for one in pictures)
    assert page.tags.count("figcaption") == page.tags.count("figure") == len(pictures) + page.tags.count("table")
    heads = [attributes.get("scope") for tag, attributes in page.attributes if tag == "th"]
    assert set(heads) == {"col", "row"}


def test_ids_of_figures_that_look_alike_stay_apart():
    from minilstm.analyses.style import figure

    def picture(name):
        fig, axes = figure()
        axes[0, 0].imshow(np.eye(3))
        axes[0, 0].plot([0, 1], "o")
        return to_svg(fig, name)

    one, two, again = picture("one"), picture("two"), picture("one")
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, two)]
    assert one == again and ids[0] and not ids[0] & ids[1]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A function that runs Chromium without a window and returns what it prints."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        assert not os.environ.get("MINILSTM_REQUIRE_PARITY"), "Chromium is missing: apt-get install chromium"
        pytest.skip("the report is not looked at: Chromium is missing (Debian's package `chromium`)")
    quiet = [
        f"--disable-{what}"
        for what in ("gpu", "quic", "background-networking", "component-update", "sync", "dev-shm-usage")
    ]
    profile = tmp_path_factory.mktemp("profile")
    fixed = [
        "--headless",
        "--no-sandbox",
        "--no-first-run",
        f"--user-data-dir={profile}",
        "--enable-logging=stderr",
        *quiet,
    ]

    def browse(path, *options):
        done = subprocess.run(
            [program, *fixed, *options, Path(path).as_uri()], capture_output=True, text=True, check=True, timeout=550
        )
        assert "CONSOLE" not in done.stderr, done.stderr
        return done.stdout

    return browse


def measured(browser, path, tmp_path, width):
    """What a script of ours measures in a copy of the report that is shown `width` pixels wide."""
    copy, frame = tmp_path / "copy.html", tmp_path / "frame.html"
    copy.write_text(path.read_text(encoding="utf-8").replace("<head>", "<head>" + MEASURE), encoding="utf-8")
    # a window cannot be as narrow as a phone, a frame in it can
    frame.write_text(
        f'<iframe id="f" src="copy.html" style="width:{width}px;height:800px"></iframe>'
        '<pre id="measured"></pre><script>'
        'onload = () => { document.getElementById("measured").textContent = '
        'document.getElementById("f").contentDocument.getElementById("measured").textContent; };</script>'
    )
    text = browser(frame, "--dump-dom", f"--window-size={width + 40},900", "--allow-file-access-from-files")
    return json.loads(
        re.search(r'<pre id="measured">(.*?)</pre>', text, re.DOTALL).group(1).replace("&gt;", ">").replace("&lt;", "<")
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_everything_is_drawn_and_nothing_is_wider_than_the_page(browser, page, path, tmp_path, width):
    found = measured(browser, path, tmp_path, width)
    assert found["errors"] == [] and len(found["boxes"]) == page.tags.count("svg")
    assert min(map(min, found["boxes"])) > 50
    assert found["wide"] == [] and found["page"] <= found["screen"] <= width


def test_it_prints(browser, path, tmp_path):
    browser(path, f"--print-to-pdf={tmp_path / 'report.pdf'}", "--no-pdf-header-footer")
    pdf = (tmp_path / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", pdf)) > 5


OPEN_ALL = 'document.querySelectorAll("details").forEach(one => { one.open = true; })'
HEIGHT = "document.documentElement.scrollHeight"
OPENED = """((anchor) => { const one = document.getElementById(anchor);
  let open = true; for (let up = one; up; up = up.parentElement) if (up.tagName == "DETAILS") open &&= up.open;
  return [open, one.getBoundingClientRect().top, innerHeight]; })"""
HEADING = """((anchor) => { const one = document.getElementById(anchor);
  return one.tagName == "SECTION" ? one.previousElementSibling.getBoundingClientRect().top : null; })"""


@pytest.mark.slow
def test_it_opens_folded_and_links_open_what_they_lead_to(path, page, tmp_path):
    """What is beyond the paper is seen in a sentence each, and the claims at a glance; no script is needed."""
    folded = [
        "direction",
        "provenance",
        "claim-7",
        "claim-41",
        "later",
        "agreement-table2-table",
        "direction-direction",
    ]
    assert set(folded) <= set(page.ids) and {f"#{one}" for one in folded[:4]} <= set(page.links)
    with chromium(tmp_path / "profile") as running:
        page = running.open(path, width=1440)
        closed = page.evaluate(HEIGHT)
        page.evaluate(OPEN_ALL)
        assert closed < page.evaluate(HEIGHT) / 2
        for anchor in folded:
            page = running.open(path, fragment=f"#{anchor}", width=390)
            page.evaluate(FRAMES)
            opened, top, height = page.evaluate(f"{OPENED}('{anchor}')")
            assert opened and -1 <= top < height, (anchor, opened, top)
            heading = page.evaluate(f"{HEADING}('{anchor}')")
            assert heading is None or 0 <= heading < top, anchor  # it is seen too
        page = running.open(path, width=1440)
        page.evaluate("document.querySelector('.strip a[href=\"#claim-16\"]').click()")
        page.evaluate(FRAMES)
        assert page.evaluate(f"{OPENED}('claim-16')")[0]
        page.send("Emulation.setEmulatedMedia", media="print")
        heights = page.evaluate(
            '[...document.querySelectorAll("svg, table, dl")].map(one => one.getBoundingClientRect().height)'
        )
        assert len(heights) > 100 and min(heights) > 10


FRAMES = (
    "new Promise(done => { let n = 0; const next = () => ++n < 10 ? requestAnimationFrame(next) : done(); next(); })"
)
FADES = """JSON.stringify([...document.querySelectorAll(".scroll")].map(one => [one.scrollWidth > one.clientWidth,
  getComputedStyle(one).getPropertyValue("--right"), getComputedStyle(one).backgroundColor ==
  getComputedStyle(document.body).backgroundColor]))"""


@pytest.mark.parametrize("width", [360, 1440])
def test_what_goes_on_beyond_its_edge_fades_there(path, tmp_path, width):
    """A reader sees that a table can be scrolled; one that fits is left alone, and dark figures lie on the page."""
    with chromium(tmp_path / "profile") as running:
        page = running.open(path, width=width, dark=True)
        if not page.evaluate('CSS.supports("animation-timeline: scroll()")'):
            pytest.skip("this browser has no scroll timelines: a shadow lies behind tables instead")
        page.evaluate(OPEN_ALL)
        page.evaluate(FRAMES)  # the animations that the fades are have begun
        boxes = json.loads(page.evaluate(FADES))
    wide = [fade for goes_on, fade, _ in boxes if goes_on]
    assert wide and set(wide) == {"40px"} and {fade for goes_on, fade, _ in boxes if not goes_on} == {"0px"}
    assert all(on_the_page for *_, on_the_page in boxes)


def test_the_summary_is_for_newcomers(path):
    """Names of units by role, and halves of the sentences, are explained in the sections, not there."""
    text = path.read_text(encoding="utf-8")
    summary = re.search(r'<section id="summary">.*?</section>', text, re.DOTALL)[0]
    beyond = " ".join(re.findall(r"<summary><h3>.*?</summary>", text))
    assert (
        not re.search(r"[SPY]\*| ids", summary + beyond)
        and "without it 100.0\N{NO-BREAK SPACE}% right become" in summary
    )
    assert "cannot be tested on it, 2 of them since the Linzen set was not given." in summary
    assert "of the seven NA-tasks" in summary and "with another noun between subject and verb" in beyond


def test_short_cells_are_not_broken_into_lines():
    table = Table("t", "", ["unit", "where", "all of it"], [[1, "at the subject, own number", "a " * 40]])
    html = _table("gates", table)
    assert '<td class="line">at the subject, own number</td>' in html and f"<td>{'a ' * 40}</td>" in html
