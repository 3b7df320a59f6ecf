"""Every fault a city folder can have: what is broken, and the whole sentence it gets."""

import pytest

from tests.city.toys import broken, faults_of

MATERIALS = "board, briquette, dust, paper, paper.clean, plastic, rest"

CASES = {
    "a table is missing": (
        [("factors.csv", None)],
        ["factors.csv: the file is missing (add it, with the header set,material,avoided_t_per_t)"],
    ),
    "the programme is missing": (
        [("programme.csv", None)],
        ["programme.csv: the file is missing (add it, with the header key,value,note)"],
    ),
    "half of the roads is missing": (
        [("roads.csv", None)],
        ["roads.csv: the file is missing (add roads.csv, or remove road_nodes.csv)"],
    ),
    "a column is missing": (
        [("gate.csv", "material,price_per_kg\npaper,9\nplastic,12\n", "material\npaper\n")],
        [
            "gate.csv row 1: column 'price_per_kg' is missing "
            "(add a column price_per_kg: what is paid)"
        ],
    ),
    "a key column is missing": (
        [("gate.csv", "material,price_per_kg\npaper,9\nplastic,12\n", "price_per_kg\n1\n")],
        ["gate.csv row 1: column 'material' is missing (add a column material: what is delivered)"],
    ),
    "a column is misspelt": (
        [("sites.csv", "holds,takes", "holds,takse")],
        ["sites.csv row 1: column 'takse' is unknown (is it takes?)"],
    ),
    "a column is foreign": (
        [("blocks.csv", "district", "colour")],
        [
            "blocks.csv row 1: column 'colour' is unknown "
            "(the columns are id, lon, lat, district, residents)"
        ],
    ),
    "a column stands twice": (
        [("steps.csv", "area_m2,jobs", "jobs,jobs")],
        ["steps.csv row 1: column 'jobs' stands twice (rename or remove one of the two)"],
    ),
    "nobody throws anything away": (
        [("blocks.csv", ",paper_kg_per_day,plastic_kg_per_day", ",,")],
        [
            "blocks.csv row 1: column '' stands twice (rename or remove one of the two)",
            "blocks.csv row 1: column '' is unknown "
            "(the columns are id, lon, lat, district, residents)",
            "blocks.csv row 1: no column ends in _kg_per_day "
            "(add one column for each fraction, such as paper_kg_per_day)",
        ],
    ),
    "a fraction nobody knows": (
        [("blocks.csv", "plastic_kg_per_day", "rubber_kg_per_day")],
        [
            "counter.csv: fraction 'rubber' has no terms (add a row that says what is paid for it)",
            f"blocks.csv: column of unknown fraction 'rubber' (use one of {MATERIALS})",
            "sites.csv row 2: takes 'plastic', which nobody throws away (use one of paper, rubber)",
        ],
    ),
    "a table is empty": (
        [("offers.csv", "mill,paper.clean,15000,\nmill,paper,1,1000\ndump,rest,-500,\n", "")],
        ["offers.csv: the table is empty (add at least one row)"],
    ),
    "a file is empty": (
        [("gate.csv", "material,price_per_kg\npaper,9\nplastic,12\n", "\n\n")],
        ["gate.csv: the file is empty (begin with the header material,price_per_kg)"],
    ),
    "too few cells": (
        [("steps.csv", "press,1000,10,0,0,1", "press,1000,10,0")],
        ["steps.csv row 4: has 4 cells, the header has 6 (put one cell under each column)"],
    ),
    "a bare decimal comma": (
        [("gate.csv", "plastic,12", "plastic,12,5")],
        ["gate.csv row 3: has 3 cells, the header has 2 (a decimal comma? write 12.5)"],
    ),
    "a bare decimal comma before an empty cell": (
        [("offers.csv", "dump,rest,-500,", "dump,rest,-500,5,")],
        ["offers.csv row 4: has 5 cells, the header has 4 (a decimal comma? write -500.5)"],
    ),
    "a quoted decimal comma": (
        [("gate.csv", "plastic,12", 'plastic,"0,5"')],
        [
            "gate.csv row 3: price_per_kg is '0,5', which is not a number "
            "(write 0.5, with a decimal point)"
        ],
    ),
    "thousands apart": (
        [("sites.csv", "50000", "50 000")],
        ["sites.csv row 4: capex is '50 000', which is not a number (write 50000, without spaces)"],
    ),
    "a share in percent": (
        [("programme.csv", "discount_share,0.08", "discount_share,8%")],
        [
            "programme.csv row 8: discount_share is '8%', which is not a number "
            "(write 0.08, a share)"
        ],
    ),
    "a number in words": (
        [("sites.csv", "50000", "fifty")],
        ["sites.csv row 4: capex is 'fifty', which is not a number (give a number, 0 or more)"],
    ),
    "not a number, and infinity": (
        [("blocks.csv", "north,200", "north,NaN"), ("steps.csv", "line,1000", "line,inf")],
        [
            "steps.csv row 2: capacity_t_per_year is 'inf', which is not a number "
            "(give a number above 0)",
            "blocks.csv row 3: residents is 'NaN', which is not a number "
            "(give a number, 0 or more)",
        ],
    ),
    "numbers out of range": (
        [
            ("sites.csv", ",250,", ",-3,"),
            ("counter.csv", "paper,5,2,0,0.077,0.6", "paper,5,2,0,0.077,1.6"),
            ("programme.csv", "years,3,", "years,0,"),
            ("vehicles.csv", "lorry.point,point,11,0,0,5", "lorry.point,point,11,0,0,0"),
            ("roads.csv", "0,1,550.25,66,yes", "0,4,0,66,maybe"),
        ],
        [
            "programme.csv row 7: years is 0 (give a whole number between 1 and 50)",
            "counter.csv row 2: capture_high is 1.6 (give a number between 0 and 1)",
            "sites.csv row 2: capacity_t_per_year is -3 "
            "(give a number above 0, or leave it empty for no limit)",
            "vehicles.csv row 2: payload_t is 0 (give a number above 0)",
            "roads.csv row 2: length_m is 0 (give a number above 0)",
            "roads.csv row 2: walk is 'maybe' (write yes or no)",
            "roads.csv row 2: to is 4; road_nodes.csv has 4 rows (give a number between 0 and 3)",
        ],
    ),
    "cells left empty": (
        [
            ("sites.csv", "st.1,station", ",station"),
            ("counter.csv", "paper,5", "paper,"),
            ("programme.csv", "city,Toytown", "city, "),
        ],
        [
            "programme.csv row 2: city is empty (say which city this is)",
            "counter.csv row 2: buyback_per_kg is empty (give 0 or more)",
            "sites.csv row 4: id is empty (give every row a name)",
        ],
    ),
    "spaces around an id": (
        [("sites.csv", "st.1,station", "st.1 ,station")],
        ["sites.csv row 4: id 'st.1 ' has spaces around it (write st.1)"],
    ),
    "words nobody knows": (
        [
            ("sites.csv", "st.1,station", "st.1,statoin"),
            ("sites.csv", "p.2,point,forced", "p.2,point,must"),
            ("programme.csv", "objective,value", "objective,profit"),
            ("budget.csv", "bank,stations,2004", "bank,lines,2004"),
            ("vehicles.csv", "lorry.point,point", "lorry.point,here"),
            ("materials.csv", "rest,residue", "rest,waste"),
        ],
        [
            "programme.csv row 12: objective is 'profit' (use value, cost, tonnes or emissions)",
            "budget.csv row 6: covers is 'lines' (use anything, points, stations or stockpiles)",
            "materials.csv row 6: kind is 'waste' "
            "(use fraction, grade, product, residue, stock or fuel)",
            "sites.csv row 3: status is 'must' (use candidate, existing, forced or forbidden)",
            "sites.csv row 4: kind is 'statoin' (use station, point, plant, landfill or stockpile)",
            "vehicles.csv row 2: origin is 'here' "
            "(use point, station, plant, landfill or stockpile)",
        ],
    ),
    "rows that stand twice": (
        [
            ("sites.csv", "p.2,point", "p.1,point"),
            ("blocks.csv", "b.7", "b.6"),
            ("recipes.csv", "line,paper,rest", "line,paper,paper.clean"),
            ("steps.csv", "line,2000", "line,1000.0"),
            ("budget.csv", "city,anything,2004", "city,anything,2003"),
        ],
        [
            "budget.csv row 3: source 'city' year '2003' stands twice, first in row 2 "
            "(rename or remove one of the two)",
            "recipes.csv row 3: process 'line' input 'paper' output 'paper.clean' "
            "stands twice, first in row 2 (rename or remove one of the two)",
            "steps.csv row 3: process 'line' capacity_t_per_year '1000' stands twice, "
            "first in row 2 (rename or remove one of the two)",
            "blocks.csv row 8: id 'b.6' stands twice, first in row 7 "
            "(rename or remove one of the two)",
            "sites.csv row 3: id 'p.1' stands twice, first in row 2 "
            "(rename or remove one of the two)",
        ],
    ),
    "a recipe that loses mass": (
        [("recipes.csv", "line,paper,paper.clean,0.85", "line,paper,paper.clean,0.8")],
        [
            "recipes.csv row 2: the shares add up to 0.95, not to 1 "
            "(put the rest, 0.05, under 'loss')"
        ],
    ),
    "a share finer than mass is counted": (
        [("recipes.csv", "line,paper,paper.clean,0.85", "line,paper,paper.clean,0.8500001")],
        ["recipes.csv row 2: share is 0.8500001, finer than a millionth (write 0.85)"],
    ),
    "money finer than its minor unit": (
        [("sites.csv", "1000.5", "1000.555"), ("budget.csv", "100.01", "100.014")],
        [
            "budget.csv row 4: amount is 100.014, finer than a hundredth (write 100.01)",
            "sites.csv row 2: capex is 1000.555, finer than a hundredth (write 1000.56)",
        ],
    ),
    "coordinates swapped, and far away": (
        [("blocks.csv", "76.902,43.202", "43.202,76.902"), ("sites.csv", "77,43.3", "7,43.3")],
        [
            "blocks.csv row 4: lon 43.202, lat 76.902 is not in the city "
            "(swap them: lon 76.902, lat 43.202)",
            "sites.csv row 6: lon 7, lat 43.3 is not in the city "
            "(the city lies around lon 76.903, lat 43.204)",
        ],
    ),
    "a station without a road": (
        [("sites.csv", "76.92,43.22", "76.92,43.24"), ("gate.csv", "plastic,12", "plastic,")],
        [
            "gate.csv row 3: price_per_kg is empty (give a number)",
            "sites.csv row 5: station 'st.2' is 2,224 m from the nearest road "
            "(move it within 500 m or add the road)",
        ],
    ),
    "names that lead nowhere": (
        [
            ("recipes.csv", "line,plastic,rest", "line,plastic,slag"),
            ("recipes.csv", "mill,paper.clean,board", "mil,paper.clean,board"),
            ("offers.csv", "mill,paper.clean", "moon,paper.clean"),
            ("offers.csv", "dump,rest", "st.1,rest"),
            ("gate.csv", "plastic", "plasic"),
            ("factors.csv", "B,paper", "B,papier"),
            ("sites.csv", ",,paper,1.5", ",,papyrus,1.5"),
            ("steps.csv", "press", "pres"),
            ("counter.csv", "plastic", "rest"),
        ],
        [
            "counter.csv: fraction 'plastic' has no terms "
            "(add a row that says what is paid for it)",
            f"counter.csv row 3: 'rest' is not a fraction (use one of {MATERIALS})",
            f"gate.csv row 3: material 'plasic' is unknown (use one of {MATERIALS})",
            f"recipes.csv row 5: material 'slag' is unknown (use one of {MATERIALS})",
            "recipes.csv row 8: process 'mil' is unknown (use one of line, mill, press)",
            "steps.csv row 4: process 'pres' is unknown (use one of line, mill, press)",
            "sites.csv row 3: takes 'papyrus', which nobody throws away "
            "(use one of paper, plastic)",
            "offers.csv row 2: site 'moon' is unknown (name a site of kind plant or landfill)",
            "offers.csv row 4: site 'st.1' is a station (only plants and landfills make offers)",
            f"factors.csv row 3: material 'papier' is unknown (use one of {MATERIALS})",
        ],
    ),
    "a currency we cannot count": (
        [("programme.csv", "currency,KZT", "currency,GBP")],
        ["programme.csv row 5: currency is 'GBP' (use KZT, USD, EUR or RUB)"],
    ),
    "a year outside the plan": (
        [("budget.csv", "stations,2004,5", "stations,2014,5")],
        ["budget.csv row 6: year 2014 is outside the plan (give a year from 2003 to 2005)"],
    ),
    "years nobody can tell are not held against the budget": (
        [
            ("budget.csv", "stations,2004,5", "stations,2014,5"),
            ("programme.csv", "years,3", "years,x"),
        ],
        [
            "programme.csv row 7: years is 'x', which is not a number "
            "(give a whole number between 1 and 50)"
        ],
    ),
    "settings missing, misspelt and foreign": (
        [
            ("programme.csv", "currency,KZT,of every amount in this folder\n", ""),
            ("programme.csv", "walk_limit_m", "walk_limit"),
            ("programme.csv", "walk_rate", "walk_power"),
        ],
        [
            "programme.csv: setting 'currency' is missing "
            "(add a row currency: of every amount in this folder)",
            "programme.csv row 16: setting 'walk_power' stands twice (remove one of the two)",
            "programme.csv row 18: setting 'walk_limit' is unknown (is it walk_limit_m?)",
        ],
    ),
    "more stations than there are": (
        [("programme.csv", "stations,1,", "stations,5,")],
        [
            "programme.csv row 10: asks for 5 stations; there are 2 "
            "(add candidate stations to sites.csv or ask for fewer)"
        ],
    ),
    "settings out of range": (
        [
            ("programme.csv", "stations,1,", "stations,1.5,"),
            ("programme.csv", "0.5;1", "0.5;x"),
            ("programme.csv", "speed_km_per_h,28.8", "speed_km_per_h,0"),
        ],
        [
            "programme.csv row 10: stations is 1.5 (give a whole number between 0 and 1000)",
            "programme.csv row 20: participation is 'x', which is not a number "
            "(give a number between 0 and 1)",
            "programme.csv row 23: speed_km_per_h is 0 (give a number above 0 and at most 200)",
        ],
    ),
    "materials outside the chain": (
        [
            ("materials.csv", "paper.clean,grade,paper", "paper.clean,grade,"),
            ("materials.csv", "plastic,fraction,plastic", "plastic,fraction,paper"),
            ("materials.csv", "board,product,paper", "board,product,rest"),
        ],
        [
            "materials.csv row 3: fraction 'plastic' is counted under 'paper' "
            "(write 'plastic' in its fraction column)",
            "materials.csv row 4: a grade without a fraction (name the fraction it is of)",
            "materials.csv row 5: fraction 'rest' is not a fraction "
            "(name a material of kind fraction)",
        ],
    ),
    "steps at the wrong process": (
        [("steps.csv", "press,", "mill,")],
        [
            "processes.csv row 3: a stockpile process without a step (add a row to steps.csv)",
            "processes.csv row 4: a plant process needs no steps (remove its steps)",
        ],
    ),
    "a point and a stockpile of nothing": (
        [("sites.csv", ",,paper,1.5", ",,,1.5"), ("sites.csv", "360000,dust", "360000,")],
        [
            "sites.csv row 3: a point that takes nothing (list fractions in column takes)",
            "sites.csv row 8: a stockpile of nothing (name its material in column holds)",
        ],
    ),
    "capture that falls with the price": (
        [("counter.csv", "plastic,0.001,2,0,0.077", "plastic,0.001,2,0,0.7")],
        [
            "counter.csv row 3: capture runs from 0.7 to 0.6 "
            "(give shares between 0 and 1, low not above high)"
        ],
    ),
    "one source for two purposes": (
        [("budget.csv", "bank,stations,2005", "bank,points,2005")],
        [
            "budget.csv row 7: source 'bank' covers points here and stations above "
            "(give each purpose a source of its own)"
        ],
    ),
    "lists that stutter": (
        [
            ("sites.csv", "paper;plastic", "paper;;plastic"),
            ("sites.csv", ",,paper,1.5", ",,paper;paper,1.5"),
        ],
        [
            "sites.csv row 2: takes is 'paper;;plastic', with an empty part (write a;b;c)",
            "sites.csv row 3: takes names 'paper' twice (name it once)",
        ],
    ),
    "no lorry at the points": (
        [("vehicles.csv", "lorry.point,point", "lorry.point,plant")],
        ["vehicles.csv: no vehicle loads at a point (add a row with origin point)"],
    ),
    "two lorries for one way": (
        [("vehicles.csv", "lorry.stockpile,stockpile", "lorry.stockpile,station")],
        [
            "vehicles.csv: no vehicle loads at a stockpile (add a row with origin stockpile)",
            "vehicles.csv row 4: loads at a station, as 'lorry.station' does "
            "(keep one vehicle for each origin)",
        ],
    ),
    "an outline of one point": (
        [("districts.geojson", "FeatureCollection", "Point")],
        [
            "districts.geojson: the file is not a FeatureCollection "
            "(save it as a GeoJSON FeatureCollection in UTF-8)"
        ],
    ),
    "an outline cut short": (
        [("districts.geojson", "[]}", "")],
        [
            "districts.geojson: the file is not JSON "
            "(save it as a GeoJSON FeatureCollection in UTF-8)"
        ],
    ),
    "faults of every sort together": (
        [
            ("vehicles.csv", None),
            ("gate.csv", "9", "x"),
            ("sites.csv", ",250,", ",-3,"),
            ("sites.csv", "paper;plastic", "paper;plastics"),
            ("sites.csv", "76.91,43.21", "43.21,76.91"),
            ("programme.csv", "stations,1,", "stations,7,"),
            ("recipes.csv", "press,dust,loss,0.05", "press,dust,loss,0.5"),
        ],
        [
            "programme.csv row 10: asks for 7 stations; there are 2 "
            "(add candidate stations to sites.csv or ask for fewer)",
            "gate.csv row 2: price_per_kg is 'x', which is not a number (give a number)",
            "recipes.csv row 6: the shares add up to 1.45, not to 1 (lower them by 0.45)",
            "sites.csv row 2: capacity_t_per_year is -3 "
            "(give a number above 0, or leave it empty for no limit)",
            "sites.csv row 2: takes 'plastics', which nobody throws away "
            "(use one of paper, plastic)",
            "sites.csv row 4: lon 43.21, lat 76.91 is not in the city "
            "(swap them: lon 76.91, lat 43.21)",
            "vehicles.csv: the file is missing (add it, with the header "
            "id,origin,cost_per_t_km,cost_per_t,emissions_kg_per_t_km,payload_t)",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_fault_gets_its_sentence_and_no_other(folder, case):
    breaks, says = CASES[case]
    for file, *change in breaks:
        if change == [None]:
            (folder / file).unlink()
        else:
            broken(folder, file, *change)
    assert faults_of(folder) == says
