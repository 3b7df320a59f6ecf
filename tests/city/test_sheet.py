"""Files as programs and people leave them: misnamed, mis-saved, cut short, changed at random."""

import random

import pytest

from ainalym.city import read, sheet
from ainalym.errors import InputError
from ainalym.model.city import City
from tests.city.toys import broken, faults_of, toy

CELLS = (
    *("", "-1", "0", "1e400", "1e-400", "nan", "-inf", "x", "a;b", "'", '"', "1,5", "9" * 20),
    *("-0", "1e5", "0.1234567", "loss", "paper", "point", "stockpile", "\0", "  ", "1_000", "٣"),
)


def test_a_misnamed_table_is_recognised(folder):
    (folder / "vehicles.csv").rename(folder / "vehicle.csv")
    assert faults_of(folder) == [
        "vehicles.csv: the file is missing (rename vehicle.csv to vehicles.csv)"
    ]


def test_excel_with_semicolons_gets_one_sentence_and_its_other_faults(folder):
    path = folder / "steps.csv"
    text = path.read_text().replace(",", ";").replace("press;1000", "press;-1000,5")
    path.write_text(text.replace("line;2000;20", "line;2000,5;20,5"))
    assert faults_of(folder) == [
        "steps.csv: the columns are separated by semicolons, as Excel saves them where decimals "
        "have commas (save it with commas between columns and decimal points)",
        "steps.csv row 4: capacity_t_per_year is -1000.5 (give a number above 0)",
    ]


def test_settings_with_semicolons_are_read_on(folder):
    path = folder / "programme.csv"
    rows = [row.split(",")[:2] for row in path.read_text().splitlines()]
    text = "\n".join(";".join(row) for row in rows).replace("0.08", "0,08")
    path.write_text(text.replace("participation;0.5;1", 'participation;"0,5;1"'))
    assert len(faults_of(folder)) == 1


def test_tabs_get_a_sentence(folder):
    path = folder / "gate.csv"
    path.write_text(path.read_text().replace(",", "\t"))
    says = "gate.csv: the columns are separated by tabs (save it with commas between columns)"
    assert faults_of(folder) == [says]


def test_other_encodings_get_a_sentence_and_their_other_faults(folder):
    for file, encoding in (("materials.csv", "cp1251"), ("gate.csv", "utf-16")):
        text = (folder / file).read_text(encoding="utf-8").replace("12", "x")
        (folder / file).write_bytes(text.replace("19 x 01", "19 12 01").encode(encoding))
    assert faults_of(folder) == [
        "materials.csv: the file is not UTF-8; it may be Windows-1251 (first seen in row 2) "
        "(save it as CSV UTF-8)",
        "gate.csv: the file is written in UTF-16 (save it as CSV UTF-8)",
        "gate.csv row 3: price_per_kg is 'x', which is not a number (give a number)",
    ]


def test_bytes_that_are_no_text_get_a_sentence(folder):
    (folder / "gate.csv").write_bytes(b"material,price_per_kg\n\0,1\n")
    assert faults_of(folder) == [
        "gate.csv: the file holds bytes that are not text (save it as CSV UTF-8)"
    ]


def test_a_quote_that_never_ends_gets_a_sentence(folder):
    broken(folder, "gate.csv", "plastic", '"' + "x" * 200_000)
    assert faults_of(folder) == [
        "gate.csv: the file cannot be read as CSV: field larger than field limit (131072) "
        "(save it as CSV UTF-8)"
    ]


def test_huge_files_are_refused_unread(folder, monkeypatch):
    monkeypatch.setattr(sheet, "LARGEST_BYTES", 100)
    says = faults_of(folder)
    assert "sites.csv: the file has 0 MB (give a table below 0 MB)" in says


def test_a_folder_that_is_not_there_is_said(tmp_path):
    says = f"{tmp_path / 'x'}: there is no such folder (give a folder that holds programme.csv)"
    assert faults_of(tmp_path / "x") == [says]
    (tmp_path / "y").write_text("")
    says = f"{tmp_path / 'y'}: is a file, not a folder (give a folder that holds programme.csv)"
    assert faults_of(tmp_path / "y") == [says]


@pytest.mark.parametrize("name", ["offers.csv", "steps.csv", "blocks.csv"])
def test_a_comma_after_every_row_does_no_harm(folder, name):
    before = read(folder)
    path = folder / name
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *(f"{row}," for row in rows)]) + "\n")
    assert read(folder) == before


def test_a_row_number_is_the_one_a_spreadsheet_shows(folder):
    broken(folder, "sites.csv", "\np.2", "\n\n,,,,,,,,,,,,\np.2")
    broken(folder, "sites.csv", "Kiosk", '"Kiosk\non two lines"')
    broken(folder, "sites.csv", "50000", "fifty")
    assert faults_of(folder)[0].startswith("sites.csv row 6: capex is 'fifty'")


def changed(text: bytes, chance: random.Random) -> bytes:
    """One change such as happens to files: a cell, a row, the end, a few bytes."""
    lines = text.decode("utf-8", "replace").split("\n")
    k = chance.randrange(len(lines))
    match chance.randrange(6):
        case 0 | 1 | 2:
            cells = lines[k].split(",")
            cells[chance.randrange(len(cells))] = chance.choice(CELLS)
            lines[k] = ",".join(cells)
        case 3:
            lines[k : k + 1] = chance.choice(([], [lines[k]] * 2))
        case 4:
            return text[: chance.randrange(len(text))]
        case 5:
            k = chance.randrange(len(text))
            return text[:k] + chance.randbytes(2) + text[k:]
    return "\n".join(lines).encode()


@pytest.mark.parametrize("seed", range(8))
def test_changed_at_random_a_folder_is_read_or_refused_by_file(folder, seed):
    chance = random.Random(seed)
    sound = {path: path.read_bytes() for path in folder.iterdir()}
    for _ in range(25):
        path = chance.choice(sorted(sound))
        text = sound[path]
        for _ in range(chance.choice((1, 1, 3))):
            text = changed(text, chance) if text else text
        path.write_bytes(text)
        try:
            assert isinstance(read(folder), City)
        except InputError as error:
            assert all(i.where.startswith(tuple(p.name for p in sound)) for i in error.issues)
        path.write_bytes(sound[path])
    assert read(folder) == toy()
