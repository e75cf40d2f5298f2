"""How long the explorer's page takes: to its first paint from disk, and from an edited word to a page drawn anew.

    python tests/benchmarks/explorer.py [MODEL ...]

prints the smallest, the median and the largest of 30 of each, in milliseconds; for mini-03 and english if no model is
named. A page drawn anew means script, style and layout. The words edited are the second, so that all that follows is
read again, and the last. `python tests/readme.py explorer` puts it into README.md.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from machine import machine

import minilstm
from minilstm.analyses.base import Results
from minilstm.analyses.number_units import NumberUnits

sys.path.append(str(Path(__file__).parent.parent))
from browser import browser  # noqa: E402, beside the tests

NUMBER_UNITS = {"english": (416,)}  # see its card: those that its file does not name

EDITS = """(() => {
  const nouns = ["girl", "man", "woman", "father", "mother", "friend"], took = [];
  for (let k = 0; k < 30; k++) {
    const [first, last] = [nouns[k % 6], nouns[(k + 1 + Math.floor(k / 6)) % 6]];
    const words = BOTH ? `The ${first} near the ${last}` : `The girl near the ${last}`;
    const start = performance.now();
    minilstm.change({ sentences: [words, "The boys near the cars"], broken: [] });
    document.body.getBoundingClientRect();
    took.push(performance.now() - start);
  }
  return took; })()"""
PAINT = """new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
  .observe({ type: "paint", buffered: true }))"""


def main(names):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, browser(f"{folder}/profile") as chromium:
        print(f"```text\n{machine()}; {chromium.send('Browser.getVersion')['product']}")
        print("ms                     smallest  median  largest")
        for name in names:
            path = Path(folder) / f"{name}.html"
            model = minilstm.load(name)
            named = NUMBER_UNITS.get(name) or tuple(model.provenance["number_units"])
            units = NumberUnits(named=named)  # none are searched, to save minutes
            minilstm.explore(model, name=name, results=Results({"number_units": units})).save(path)
            paints = []
            for _ in range(30):
                tab = chromium.open(path)
                paints.append(tab.evaluate(PAINT))
                tab.close()
            tab = chromium.open(path)
            print(f"{name}: {path.stat().st_size / 1e6:.2f} MB")
            show("first paint", paints)
            show("second word edited", tab.evaluate(EDITS.replace("BOTH", "true")))
            show("last word edited", tab.evaluate(EDITS.replace("BOTH", "false")))
            tab.close()
        print("```")


def show(what, times):
    print(f"  {what:<20} {min(times):8.1f}{statistics.median(times):8.1f}{max(times):9.1f}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["mini-03", "english"])
