"""Districts and their residents: names across languages, and every fault in words."""

import json

import numpy as np
import pytest

from ainalym.city.districts import faults_of_districts, read_districts, stem
from ainalym.errors import InputError


def a_square(name, west=0.0, side=1.0, south=0.0, **properties):
    """Make a GeoJSON feature of a square in degrees."""
    e, n = west + side, south + side
    ring = [[west, south], [e, south], [e, n], [west, n], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {
        "type": "Feature",
        "properties": ({"name": name} if name else {}) | properties,
        "geometry": geometry,
    }


def files(folder, features, table):
    """Write both files."""
    districts, residents = folder / "d.geojson", folder / "r.csv"
    tree = {"type": "FeatureCollection", "features": features}
    districts.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    residents.write_text(table, encoding="utf-8")
    return districts, residents


TWO = (a_square("Medeu"), a_square("Almaly", west=1.0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Алмалинский район", "Алмалы ауданы"),
        ("Алмалы ауданы, Алматы, Қазақстан", "ALMALY district"),
        ("Ауэзовский", "Әуезов ауданы"),
        ("Жетысуский", "Jetysu"),
        ("Жетісу", "Zhetysu"),
        ("Наурызбайский", "Nauryzbai"),
        ("Түрксіб Ауданы", "Турксибский"),
        ("Медеуский", "Medeu"),
        ("Бостандыкский", "Бостандық"),
        ("Алатауский", "Alatau"),
    ],
)
def test_one_name_in_several_languages_is_one_district(tmp_path, one, other):
    given = files(tmp_path, [a_square(one)], f"district,residents\n{other},5\n")
    assert list(read_districts(*given).residents) == [5]


def test_names_that_begin_alike_are_told_apart(tmp_path):
    names = {"Almaly": "Алмалинский", "Alatau": "Алатауский", "Alga": "Алгинский"}
    rows = [f"{name},{k}" for k, name in enumerate(names.values())]
    features = [a_square(name, west=k) for k, name in enumerate(names)]
    given = files(tmp_path, features, "district,residents\n" + "\n".join(rows) + "\n")
    assert list(read_districts(*given).residents) == [0, 1, 2]


def test_stems_of_different_districts_differ():
    names = ["Almaly", "Alatau", "Auezov", "Bostandyk", "Jetysu", "Medeu", "Nauryzbai", "Turksib"]
    assert len({stem(name) for name in names}) == 8


def test_any_of_several_names_may_match(tmp_path):
    features = [a_square("Қарасай", **{"name:en": "Karasay", "name:ru": "Карасайский район"})]
    for name in ("karasay", "КАРАСАЙСКИЙ", "қарасай"):
        given = files(tmp_path, features, f"district,residents\n{name},7\n")
        assert list(read_districts(*given).residents) == [7]


def test_excel_tables_with_bom_semicolons_and_another_column_name(tmp_path):
    table = "\ufeffPopulation;District;note\n12;Almaly;x\n7;Medeu;\n;;\n"
    districts = read_districts(*files(tmp_path, TWO, table))
    assert districts.name == ("Medeu", "Almaly")
    assert list(districts.residents) == [7, 12]


def test_positions_are_found_in_their_district(tmp_path):
    districts = read_districts(*files(tmp_path, TWO, "district,residents\nMedeu,1\nAlmaly,2\n"))
    found = districts.find(np.array([0.5, 1.5, 2.5]), np.array([0.5, 0.5, 0.5]))
    assert list(found) == [0, 1, -1]
    assert districts.box(0.5) == (-0.5, -0.5, 2.5, 1.5)


def test_outline_is_drawn_again_the_same(tmp_path):
    given = files(tmp_path, TWO, "district,residents\nMedeu,1\nAlmaly,2\n")
    text = read_districts(*given).outline()
    assert text == read_districts(*given).outline()
    drawn = json.loads(text)["features"]
    assert [f["properties"] for f in drawn] == [
        {"name": "Medeu", "residents": 1},
        {"name": "Almaly", "residents": 2},
    ]
    assert sorted(map(tuple, drawn[0]["geometry"]["coordinates"][0]))[0] == (0.0, 0.0)


def told(folder, features, table):
    """List what is said of these files."""
    return [str(issue) for issue in faults_of_districts(*files(folder, features, table))]


GOOD = "district,residents\nMedeu,1\nAlmaly,2\n"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "district,residents\nMedeu,many\nAlmaly,-2\n",
            [
                "r.csv row 2: residents of 'Medeu' is 'many', not whole people "
                "(write digits only, such as 272273)",
                "r.csv row 3: residents of 'Almaly' is -2 (give 0 or more)",
            ],
        ),
        (
            'district,residents\nMedeu,"1,5"\nAlmaly,2.5\n',
            [
                "r.csv row 2: residents of 'Medeu' is '1,5', not whole people "
                "(write digits only, such as 272273)",
                "r.csv row 3: residents of 'Almaly' is '2.5', not whole people "
                "(write digits only, such as 272273)",
            ],
        ),
        (
            "district,residents\nMedeu,1\nМедеуский,2\nAlmaly,2\n",
            ["r.csv row 3: district 'Медеуский' stands in row 2 too (remove one of the two)"],
        ),
        (
            "district,residents\nMedeu,1\nAstana,2\n",
            [
                "r.csv row 3: district 'Astana' is not in d.geojson "
                "(its districts are Medeu, Almaly)",
                "r.csv: district 'Almaly' of d.geojson has no residents (add a row for it)",
            ],
        ),
        (
            "name,count\nMedeu,1\n",
            ["r.csv: its columns are name, count (give a CSV table with the columns "
             "district,residents)"],
        ),
        (
            "",
            ["r.csv: its columns are none (give a CSV table with the columns "
             "district,residents)"],
        ),
        ("district,residents\n", ["r.csv: the table is empty (add one row a district)"]),
        (
            "district,residents\nMedeu,0\nAlmaly,0\n",
            ["r.csv: nobody lives in any district (give their residents)"],
        ),
    ],
)  # fmt: skip
def test_faults_of_the_table_are_told(tmp_path, table, said):
    assert told(tmp_path, TWO, table) == said


def test_a_name_that_fits_two_districts_is_told(tmp_path):
    features = [a_square("Almaly North"), a_square("Almaly South", west=1.0)]
    faults = told(tmp_path, features, "district,residents\nAlmaly,5\n")
    assert faults[0] == (
        "r.csv row 2: district 'Almaly' may be Almaly North and Almaly South "
        "(write the name as in d.geojson)"
    )


def test_faults_of_the_outlines_are_told(tmp_path):
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    features = [
        a_square(""),
        a_square("Metres", west=8_560_000.0, side=1000.0, south=5_340_000.0),
        {"type": "Feature", "properties": {"name": "Line"}, "geometry": line},
        {"type": "Feature", "properties": {"name": "Nothing"}, "geometry": None},
        {"type": "Feature", "properties": {"name": "Odd"}, "geometry": {"type": "Polygon"}},
    ]
    faults = told(tmp_path, features, GOOD)
    assert faults[0] == (
        "d.geojson feature 1: the district has no name (give it a property 'name')"
    )
    assert faults[1] == (
        "d.geojson feature 2 (Metres): its coordinates, such as 8560000, 5340000, are metres, "
        "not degrees (convert the file to WGS 84 (EPSG:4326))"
    )
    assert faults[2] == (
        "d.geojson feature 3 (Line): it is a LineString, not a polygon (give its area)"
    )
    assert faults[3] == (
        "d.geojson feature 4 (Nothing): its geometry cannot be read (give a polygon)"
    )
    assert len(faults) == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PK\x03\x04", "this is not a GeoJSON file"),
        ("[1, 2]", "this is not a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": []}', "it holds no district"),
        ('{"type": "FeatureCollection", "features": [3]}', "this is not a GeoJSON feature"),
    ],
)
def test_foreign_outlines_are_refused(tmp_path, text, said):
    given = files(tmp_path, TWO, GOOD)
    given[0].write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_districts(*given)


def test_table_in_another_encoding_is_refused(tmp_path):
    given = files(tmp_path, TWO, GOOD)
    given[1].write_bytes("district,residents\nМедеу,1\n".encode("cp1251"))
    with pytest.raises(InputError, match="this is not a text in UTF-8"):
        read_districts(*given)
