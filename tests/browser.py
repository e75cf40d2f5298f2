"""Chromium without a window, driven through a pair of pipes (its DevTools protocol): no driver, no library, no port."""

import base64
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

NAMES = "chromium", "chromium-browser", "google-chrome"
SWITCHES = (
    "--headless=new --no-sandbox --no-first-run --remote-debugging-pipe --disable-gpu --disable-quic --disable-sync"
    " --disable-background-networking --disable-component-update --disable-dev-shm-usage --hide-scrollbars"
).split()

# Chromium reads commands from descriptor 3 and answers on 4; the two may be taken, so copies beyond them come first.
HAND_OVER = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for end, place in zip(ends, (3, 4)):
    os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_browser():
    """The path of Chromium. Where it is missing the test is skipped, and under MINILSTM_REQUIRE_PARITY fails."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        assert not os.environ.get("MINILSTM_REQUIRE_PARITY"), "Chromium is missing: apt-get install chromium"
        pytest.skip("the page is not looked at: Chromium is missing (Debian's package `chromium`)")
    return program


@contextmanager
def browser(profile):
    """A running Chromium with its profile in the folder `profile`.

    Yields
    ------
    Browser
    """
    program = find_browser()
    to_browser, our_input = os.pipe()
    our_output, from_browser = os.pipe()

    process = subprocess.Popen(
        [sys.executable, "-c", HAND_OVER, str(to_browser), str(from_browser), program, *SWITCHES]
        + [f"--user-data-dir={profile}"],
        pass_fds=(to_browser, from_browser),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        yield Browser(our_input, our_output)
    finally:
        os.close(our_input)
        os.close(our_output)
        process.terminate()
        process.wait(30)


class Browser:
    """Commands to Chromium and its answers; what it tells unasked is kept as `events`."""

    def __init__(self, our_input, our_output):
        self.our_input, self.our_output = our_input, our_output
        self.numbers, self.rest, self.events = count(1), b"", []

    def send(self, method, session=None, **parameters):
        """One command; returns its result."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        data = memoryview(json.dumps(message).encode() + b"\0")
        while data:
            data = data[os.write(self.our_input, data) :]
        while True:
            answer = self._receive()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def _receive(self):
        while b"\0" not in self.rest:
            piece = os.read(self.our_output, 1 << 20)
            assert piece, "Chromium has ended"
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def open(self, path, fragment="", width=1280, height=900, dark=False, calm=True):
        """A page from disk, of this size, loaded.

        Returns
        -------
        Tab
        """
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, target, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            tab.send(f"{domain}.enable")
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if calm else "no-preference"},
        ]
        tab.send("Emulation.setEmulatedMedia", features=features)
        tab.resize(width, height)
        tab.go(Path(path).as_uri() + fragment)
        return tab


class Tab:
    """One page in the browser."""

    def __init__(self, browser, target, session):
        self.browser, self.target, self.session = browser, target, session

    def send(self, method, **parameters):
        return self.browser.send(method, self.session, **parameters)

    def go(self, url):
        """Load `url` and wait until it has loaded."""
        before = len(self._told("Page.loadEventFired"))
        self.send("Page.navigate", url=url)
        while len(self._told("Page.loadEventFired")) == before:
            self.browser.events.append(self.browser._receive())

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def resize(self, width, height):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def press(self, key):
        """Press and release a key such as Tab or ArrowRight."""
        text = {"Enter": "\r", " ": " "}.get(key)
        more = {"text": text} if text else {}
        code = {"Tab": 9, "Enter": 13, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}[key]
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **more)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, text):
        """Put text where the focus is."""
        self.send("Input.insertText", text=text)

    def screenshot(self, path, whole=False):
        data = self.send("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def problems(self):
        """What the console has printed, and exceptions that nobody caught."""
        told = self._told("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event["params"] for event in told]

    def requests(self):
        """The addresses that were asked for, of any kind but `data:`."""
        urls = [event["params"]["request"]["url"] for event in self._told("Network.requestWillBeSent")]
        return [url for url in urls if not url.startswith("data:")]

    def close(self):
        self.browser.send("Target.closeTarget", targetId=self.target)

    def _told(self, *methods):
        return [e for e in self.browser.events if e.get("sessionId") == self.session and e["method"] in methods]
