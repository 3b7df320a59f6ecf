"""A phone with a real browser, in the hands of a keeper."""

import json
import time
from importlib import resources
from pathlib import Path

from tests.report.browser import Browser, find_browser

FLAG = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"
READY = "document.documentElement.dataset.counter === 'ready'"
MOST_BYTES = 200_000
"""What a page may weigh, with its scripts and pictures."""

BROKEN = """
[...document.querySelectorAll('button, summary, .button, .tabs a, .door strong')].flatMap(one => {
  const walk = document.createTreeWalker(one, NodeFilter.SHOW_TEXT), broken = []
  for (let text = walk.nextNode(); text; text = walk.nextNode())
    for (const word of text.data.matchAll(/[^\\s\\u00a0-]+/g)) {
      const range = document.createRange()
      range.setStart(text, word.index)
      range.setEnd(text, word.index + word[0].length)
      const lines = new Set([...range.getClientRects()].map(rect => Math.round(rect.top)))
      if (lines.size > 1 || one.scrollWidth > one.clientWidth + 1) broken.push(word[0])
    }
  return broken
})
"""
"""Words that are broken over two lines in what is pressed, or stick out of it."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


class Handset:
    """A browser of a phone's size that talks to the site at one address."""

    def __init__(self, profile: Path, address: str) -> None:
        """Switch it on, with nothing on it."""
        self.browser = Browser(find_browser(), profile, FLAG)
        self.browser.size(360, 740)
        self.address = address

    def __enter__(self) -> "Handset":
        return self

    def __exit__(self, *_: object) -> None:
        self.browser.__exit__()

    def ask(self, script: str) -> object:
        """Evaluate an expression in the page."""
        return self.browser.ask(script)

    def go(self, path: str) -> None:
        """Open a page, and wait until it is there."""
        before = len(self.browser.events)
        self.browser.call("Page.navigate", url=self.address + path)
        self._loaded(before)

    def reload(self) -> None:
        """Load the page anew."""
        before = len(self.browser.events)
        self.browser.call("Page.reload")
        self._loaded(before)

    def _loaded(self, before: int) -> None:
        until = time.monotonic() + 30
        while not any(
            event.get("method") == "Page.loadEventFired" for event in self.browser.events[before:]
        ):
            self.browser.events.append(self.browser._next(until))

    def click(self, selector: str) -> None:
        """Click."""
        self.ask(f"document.querySelector({json.dumps(selector)}).click()")

    def follow(self, selector: str) -> None:
        """Click, and wait for the page that it leads to."""
        before = len(self.browser.events)
        self.click(selector)
        self._loaded(before)

    def type(self, name: str, text: str) -> None:
        """Type into a field."""
        field = f"document.getElementById({json.dumps(name)})"
        self.ask(f"{field}.value = {json.dumps(text)}")
        self.ask(f"{field}.dispatchEvent(new Event('input', {{bubbles: true}}))")

    def sign_in(self, name: str, password: str) -> None:
        """Sign in on the page that asks for it."""
        self.type("name", name)
        self.type("password", password)
        self.follow("main form .button")

    def counter(self, site: str) -> None:
        """Open a counter, and wait until it is ready to weigh."""
        self.go(f"/counter/{site}/")
        assert self.wait(READY), self.browser.complaints()

    def weigh(self, gross: str, tare: str = "", material: str = "pet.presorted") -> None:
        """Weigh and pay, as a thumb does."""
        self.ask(f"document.querySelector('input[value=\"{material}\"]').click()")
        self.type("gross", gross)
        self.type("tare", tare)
        self.click("#pay")

    def wait(self, script: str, seconds: float = 20.0) -> bool:
        """Wait until an expression holds, which may `await`; tell whether it ever did."""
        loop = (
            f"const end = Date.now() + {seconds * 1000}; while (Date.now() < end) {{"
            f" if ({script}) return true; await new Promise(go => setTimeout(go, 50)); }}"
            " return false;"
        )
        return bool(self.ask(f"(async () => {{ {loop} }})()"))

    def slips(self) -> list[tuple[str, str]]:
        """Number and state of each slip that the page shows, oldest first."""
        told = self.ask(
            "[...document.querySelectorAll('#slips li')].map(one => "
            "[one.querySelector('.slip-number').textContent, one.dataset.state]).reverse()"
        )
        return [tuple(one) for one in told]

    def shows(self, *slips: tuple[str, str]) -> bool:
        """Wait until the page shows just these slips."""
        until = time.monotonic() + 20
        while self.slips() != [*slips]:
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def text(self, selector: str) -> str:
        """What stands somewhere on the page."""
        return str(self.ask(f"document.querySelector({json.dumps(selector)}).innerText"))

    def forget_session(self) -> None:
        """Let the session be over, as after a night."""
        self.browser.call("Network.deleteCookies", name="sessionid", url=self.address)

    def barriers(self) -> list[str]:
        """What keeps people out of the page, by the rules of accessibility.

        **Source.** axe-core, rules of WCAG 2.1 A and AA and its best practices.
        """
        axe = resources.files("axe_core_python") / "axe.min.js"
        self.ask(axe.read_text(encoding="utf-8") + "; 0")
        run = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
        found = self.ask(f"axe.run(document, {json.dumps(run)})")
        return [
            f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes']][:3]}"
            for one in found["violations"]
        ]

    def faults_of(self, path: str, language: str) -> list[str]:
        """Open a page, and say what is wrong with it on a phone: language, width, weight, barriers.

        Everything that can be unfolded is unfolded first.
        """
        self.go(path)
        self.ask("document.querySelectorAll('details').forEach(one => { one.open = true })")
        faults = [f"{path}: {one}" for one in self.barriers()]
        spoken = self.ask("document.documentElement.lang")
        wide = self.ask(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        weight = self.ask(
            "performance.getEntries().reduce((sum, one) => sum + (one.encodedBodySize || 0), 0)"
        )
        if spoken != language:
            faults.append(f"{path} is in {spoken}, not in {language}")
        if broken := self.ask(BROKEN):
            faults.append(f"{path} breaks the words {broken}")
        if wide:
            faults.append(f"{path} is {wide} pixels wider than the phone")
        if weight >= MOST_BYTES:
            faults.append(f"{path} weighs {weight} bytes")
        return faults
