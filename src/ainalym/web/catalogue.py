"""Translations: every room's `locale/*.po`, bound into what gettext reads.

The catalogues are plain `.po` files, so that any translator's tool opens them. They are bound at
start, by us: no program has to be installed for it, and no binary file lies in the repository.
"""

import ast
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from ainalym.errors import Issue, refuse

LANGUAGES = (("kk", "Қазақша"), ("ru", "Русский"), ("en", "English"))
"""Their codes, and what their speakers call them. Sentences in the code are English."""

PLURALS = {
    "kk": "nplurals=2; plural=(n!=1);",
    "ru": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && "
    "(n%100<10 || n%100>=20) ? 1 : 2);",
}
"""Which form stands by a number. **Source.** Unicode CLDR, plural rules."""

QUOTED = re.compile(r'^(?:(msgid|msgid_plural|msgstr(?:\[\d\])?)\s+)?(".*")$')

Key = tuple[str, ...]
"""What is translated: the sentence, and for counted things its plural."""


def files(language: str) -> list[Path]:
    """List the catalogues of a language, those of all rooms."""
    here = Path(__file__).parent
    return sorted([*here.glob(f"locale/{language}.po"), *here.glob(f"*/locale/{language}.po")])


def read(path: Path) -> dict[Key, Key]:
    """Read one `.po` file: what is said, and how it is said there.

    Raises
    ------
    InputError
        A line is no line of a catalogue, or a sentence stands there twice.
    """
    found: dict[Key, Key] = {}
    issues: list[Issue] = []
    for number, fields in _blocks(path, issues):
        key = (fields.get("msgid", ""), *filter(None, [fields.get("msgid_plural")]))
        said = tuple(text for name, text in sorted(fields.items()) if name.startswith("msgstr"))
        if key in found:
            issues.append(Issue(f"{path.name} row {number}", f"{key[0]!r} again", "say it once"))
        elif key[0]:
            found[key] = said
    refuse(issues)
    return found


def _blocks(path: Path, issues: list[Issue]) -> Iterator[tuple[int, dict[str, str]]]:
    fields: dict[str, str] = {}
    name = ""
    lines = [*path.read_text(encoding="utf-8").splitlines(), ""]
    for number, line in enumerate(lines, 1):
        if match := QUOTED.match(line.strip()):
            name = match[1] or name
            fields[name] = fields.get(name, "") + ast.literal_eval(match[2])
        elif line.strip() and not line.startswith("#"):
            mend = "write comments, msgid and msgstr, with an empty line between sentences"
            issues.append(Issue(f"{path.name} row {number}", f"{line!r} is neither", mend))
        elif not line.strip() and fields:
            yield number, fields
            fields, name = {}, ""


def bind(into: Path) -> None:
    """Bind all catalogues into `into`, where gettext finds them by language.

    Raises
    ------
    InputError
        A file has faults, or two rooms say one sentence differently.
    """
    for language, _ in LANGUAGES[:2]:
        said: dict[Key, Key] = {}
        for path in files(language):
            new = read(path)
            where = f"{path.parents[1].name}/locale/{path.name}"
            refuse(
                Issue(where, f"{key[0]!r} is said otherwise in another room", "say it alike")
                for key in new.keys() & said.keys()
                if new[key] != said[key]
            )
            said |= new
        folder = into / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "django.mo").write_bytes(bound(said, PLURALS[language]))


def bound(said: dict[Key, Key], plurals: str) -> bytes:
    """Write a catalogue as gettext's binary file.

    **Source.** GNU gettext manual, The Format of GNU MO Files.
    """
    header = f"Content-Type: text/plain; charset=UTF-8\nPlural-Forms: {plurals}\n"
    pairs = sorted(
        ("\0".join(key).encode(), "\0".join(value).encode())
        for key, value in {**said, ("",): (header,)}.items()
        if all(value)
    )
    count, at = len(pairs), 28 + 16 * len(pairs)
    tables: list[list[int]] = [[], []]
    texts = b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += [len(pair[side]), at + len(texts)]
            texts += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    return head + struct.pack(f"<{4 * count}I", *tables[0], *tables[1]) + texts
