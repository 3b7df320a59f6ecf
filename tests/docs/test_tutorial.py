"""What the documentation shows is what happens: its Python and console blocks run as written.

A page's blocks run in order in one empty folder. A `python` block is executed, with `>>>` as a
doctest; in a `console` block each line after `$ ` is a command (`> ` continues it) and what
follows is what it has to print, where `...` stands for anything. A command has to succeed; one
that is meant to fail ends in `; echo $?`. Blocks of any other kind (`sh`, `text`) are only read.
"""

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "tutorial").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE_S = 300


def blocks(page: Path) -> list[tuple[int, str, str]]:
    """The blocks of a page that run: line, kind, text."""
    text = page.read_text(encoding="utf-8")
    found = ((text.count("\n", 0, b.start()) + 1, b[1], b[2]) for b in BLOCK.finditer(text))
    return [block for block in found if block[1] in ("python", "console")]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with what it is shown to print."""
    command, shown = "", []
    for line in text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, "\n".join(shown)
            command, shown = line[2:], []
        elif line.startswith("> ") and not shown and ("<<" in command or command.endswith("\\")):
            command += "\n" + line[2:]
        else:
            shown.append(line)
    if command:
        yield command, "\n".join(shown)


def agrees(shown: str, printed: str) -> bool:
    """Whether what was printed is what is shown; blanks at the ends of lines do not count."""

    def tidy(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    pattern = ".*?".join(map(re.escape, tidy(shown).split("...")))
    return re.fullmatch(pattern, tidy(printed), re.DOTALL) is not None


def run_console(text: str, folder: Path) -> None:
    """Run a console block and hold its output against what is shown."""
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    for command, shown in commands(text):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=os.environ | {"PATH": programs, "COLUMNS": "100", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, f"$ {command}\nended with {done.returncode}:\n{done.stdout}"
        if shown.strip():
            assert agrees(shown, done.stdout), (
                f"$ {command}\nis shown to print\n{shown}\nbut prints\n{done.stdout}"
            )


def run_python(text: str, names: dict, where: str) -> None:
    """Run a Python block among the names of the blocks before it."""
    if ">>>" not in text:
        exec(compile(text, where, "exec"), names)
        return
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    said: list[str] = []
    test = doctest.DocTestParser().get_doctest(text, names, where, where, 0)
    runner.run(test, out=said.append, clear_globs=False)
    names |= test.globs
    assert not runner.failures, "".join(said)


def run_page(page: Path, folder: Path) -> None:
    """Run all blocks of a page in an empty folder."""
    names = {"__name__": "__main__"}
    for line, kind, text in blocks(page):
        where = f"{page.name}:{line}"
        try:
            if kind == "console":
                run_console(text, folder)
            else:
                run_python(text, names, where)
        except AssertionError as error:
            raise AssertionError(f"{where}\n{error}") from error


@pytest.mark.docs
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_does_what_it_shows(page, tmp_path, monkeypatch):
    if not blocks(page):
        pytest.skip(f"{page.name} shows nothing that runs")
    monkeypatch.chdir(tmp_path)
    run_page(page, tmp_path)


SHOWN = """
```python
n = 1
```

```console
$ cat > note <<END
> one
> END
$ cat note missing; echo $?
one
...No such file...
1
```

```python
>>> from pathlib import Path
>>> n + len(Path("note").read_text().split())
2
```
"""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("", "", None),
        ("...No such file...\n", "", "page.md:6.*is shown to print"),
        ("; echo $?", "", "page.md:6.*ended with 1"),
        ("\n2\n", "\n3\n", "page.md:16.*Expected:"),
        ("n = 1", "assert False", "page.md:2"),
    ],
)
def test_a_page_that_shows_something_else_is_seen(tmp_path, monkeypatch, old, new, complaint):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text(SHOWN.replace(old, new, 1), encoding="utf-8")
    if complaint is None:
        run_page(page, tmp_path)
    else:
        with pytest.raises(AssertionError, match=f"(?s){complaint}"):
            run_page(page, tmp_path)
