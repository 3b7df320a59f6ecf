"""Every string that is shown is said in Kazakh and Russian, and nothing is shown untranslated."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ainalym.errors import InputError
from ainalym.web import catalogue

WEB = Path(catalogue.__file__).parent
TEMPLATES = sorted(WEB.rglob("*.html"))
MODULES = sorted(WEB.rglob("*.py"))
ASKING = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
SPOKEN = {"alt", "aria-label", "placeholder", "title", "content"}
BY_RIGHT = {"Ainalym", "viewport", "theme-color"}
"""The name of the thing, and words that are for machines."""

BLOCK = re.compile(
    r"{%\s*blocktrans(?:late)?\b[^%]*%}(.*?)"
    r"(?:{%\s*plural\s*%}(.*?))?{%\s*endblocktrans(?:late)?\s*%}",
    re.DOTALL,
)
TRIMMED = re.compile(r"{%\s*blocktrans(?:late)?\b[^%]*\btrimmed\b")
PHRASE = re.compile(r"""{%\s*trans(?:late)?\s+(?:"([^"]+)"|'([^']+)')""")
MARKUP = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)


def asked_in_python(path: Path) -> set[tuple[str, ...]]:
    """Sentences a module asks to be translated."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in ASKING:
            said = [a.value for a in node.args if isinstance(a, ast.Constant)]
            said = [one for one in said if isinstance(one, str)]
            assert said, f"{path.name}:{node.lineno} asks to translate what is no plain sentence"
            found.add(tuple(said[: 2 if name.startswith("n") else 1]))
    return found


def asked_in_page(path: Path) -> set[tuple[str, ...]]:
    """Sentences a template asks to be translated."""
    text = path.read_text(encoding="utf-8")
    found = {(one or other,) for one, other in PHRASE.findall(text)}
    for match in BLOCK.finditer(text):
        parts = [part for part in match.groups() if part is not None]
        if TRIMMED.match(match[0]):
            parts = [
                " ".join(line.strip() for line in part.split("\n") if line.strip())
                for part in parts
            ]
        found.add(tuple(re.sub(r"{{\s*([\w.]+)\s*}}", r"%(\1)s", part) for part in parts))
    return found


def asked() -> dict[tuple[str, ...], str]:
    """Every sentence of the site, and a file that asks for it."""
    found = {key: path.name for path in MODULES for key in asked_in_python(path)}
    return found | {key: path.name for path in TEMPLATES for key in asked_in_page(path)}


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_every_sentence_is_translated(language):
    said = {}
    for path in catalogue.files(language):
        said |= catalogue.read(path)
    missing = [f"{file}: {key}" for key, file in asked().items() if not all(said.get(key) or [""])]
    assert not missing, f"not said in {language}:\n  " + "\n  ".join(sorted(missing))


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_no_sentence_is_translated_for_nobody(language):
    known = asked()
    idle = [
        f"{path.parents[1].name}: {key}"
        for path in catalogue.files(language)
        for key in catalogue.read(path)
        if key not in known
    ]
    assert not idle, f"said in {language} and asked by nobody:\n  " + "\n  ".join(sorted(idle))


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_translations_keep_what_is_filled_in_and_speak_cyrillic(language):
    wrong = []
    for path in catalogue.files(language):
        for key, said in catalogue.read(path).items():
            holes = sorted(set(re.findall(r"%\(\w+\)s", " ".join(key))))
            for form in said:
                if sorted(set(re.findall(r"%\(\w+\)s", form))) != holes:
                    wrong.append(f"{key[0]!r} -> {form!r} fills in something else")
                if re.search(r"[A-Za-z]{3}", key[0]) and not re.search(
                    r"[А-Яа-яӘәҒғҚқҢңӨөҰұҮүҺһІі]", form
                ):
                    wrong.append(f"{key[0]!r} -> {form!r} is not in {language}")
    assert not wrong, "\n  ".join(wrong)


TERMS = {
    "private part": {"ru": "закрыт", "kk": "жабық бөлі"},
    "new version": {"ru": "на новую версию", "kk": "жаңа нұсқаға"},
}
"""Terms of docs/reference/words.md that pages say as well, and what each is said with."""


@pytest.mark.parametrize("language", ["kk", "ru"])
@pytest.mark.parametrize("term", TERMS)
def test_pages_and_the_glossary_say_a_term_the_same(language, term):
    glossary = (WEB.parents[2] / "docs/reference/words.md").read_text(encoding="utf-8").lower()
    assert TERMS[term][language] in glossary
    said = {}
    for path in catalogue.files(language):
        said |= catalogue.read(path)
    found = {key: forms for key, forms in said.items() if term in key[0].lower()}
    assert found
    for key, forms in found.items():
        assert TERMS[term][language] in forms[0].lower(), key


def test_languages_have_the_forms_of_counting_they_need():
    forms = {"kk": 2, "ru": 3}
    wrong = [
        f"{path.parents[1].name} {language}: {key[0]}"
        for language, count in forms.items()
        for path in catalogue.files(language)
        for key, said in catalogue.read(path).items()
        if len(said) != (count if len(key) == 2 else 1)
    ]
    assert not wrong, "\n  ".join(wrong)


class Texts(HTMLParser):
    """Collects what a person would read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep the text between tags."""
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        """Keep attributes that are read aloud or shown."""
        self.found += [value or "" for name, value in attrs if name in SPOKEN and tag != "meta"]


@pytest.mark.parametrize("page", TEMPLATES, ids=lambda p: p.name)
def test_pages_hold_no_text_outside_a_translation_and_no_script_or_style(page):
    text = page.read_text(encoding="utf-8")
    bare = Texts()
    bare.feed(MARKUP.sub(" ", BLOCK.sub(" ", text)))
    words = {word for one in bare.found for word in re.findall(r"[^\W\d_]{2,}", one)} - BY_RIGHT
    assert not words, f"{page.name} shows {sorted(words)} in one language only"
    assert not re.search(r"{%\s*trans(?:late)?[^%]*%\(", text), "fill in with blocktranslate"
    assert not re.search(
        r"<style|style=|<script(?![^>]*\bsrc=)|\son\w+=|javascript:", MARKUP.sub("", text)
    )


def test_a_catalogue_with_faults_is_refused_with_all_of_them(tmp_path):
    path = tmp_path / "ru.po"
    path.write_text('msgid "a"\nmsgstr "б"\n\nwhat\n\nmsgid "a"\nmsgstr "в"\n', encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        catalogue.read(path)
    assert [issue.where for issue in refusal.value.issues] == ["ru.po row 4", "ru.po row 8"]


def test_what_we_bind_gettext_reads(tmp_path):
    import gettext

    path = tmp_path / "ru.po"
    path.write_text(
        'msgid "one ticket"\nmsgid_plural "%(n)s tickets"\n'
        'msgstr[0] "%(n)s талон"\nmsgstr[1] "%(n)s талона"\nmsgstr[2] "%(n)s талонов"\n\n'
        'msgid "a \\"b\\"\\n"\nmsgstr ""\n"длинное "\n"слово"\n',
        encoding="utf-8",
    )
    (tmp_path / "django.mo").write_bytes(
        catalogue.bound(catalogue.read(path), catalogue.PLURALS["ru"])
    )
    with (tmp_path / "django.mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    assert read.gettext('a "b"\n') == "длинное слово"
    counted = (1, 3, 5, 11, 21, 112)
    said = [read.ngettext("one ticket", "%(n)s tickets", n) % {"n": n} for n in counted]
    assert " ".join(said) == ("1 талон 3 талона 5 талонов 11 талонов 21 талон 112 талонов")
