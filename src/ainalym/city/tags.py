"""What the tags of a street map mean for a recycling plan."""

from collections.abc import Mapping

SPEED_KM_PER_H = {
    "motorway": 80.0,
    "motorway_link": 45.0,
    "trunk": 60.0,
    "trunk_link": 40.0,
    "primary": 45.0,
    "primary_link": 35.0,
    "secondary": 40.0,
    "secondary_link": 35.0,
    "tertiary": 35.0,
    "tertiary_link": 30.0,
    "unclassified": 30.0,
    "road": 25.0,
    "residential": 25.0,
    "living_street": 10.0,
    "service": 15.0,
}
"""Lorry speeds by class of road: guesses, good to about a quarter either way; give your own."""

ROUGH_ROADS = ("track", "unsurfaced", "busway", "pedestrian")
"""Classes lorries use only where a speed is given for them."""

NOT_WALKED = frozenset({"motorway", "motorway_link", "trunk", "trunk_link"})
HOME_STREETS = frozenset({"residential", "living_street"})
HOMES = frozenset(
    [
        *("yes", "apartments", "residential", "house", "detached", "terrace", "block", "dormitory"),
        *("semidetached_house", "bungalow", "mixed_use", "farm"),
    ]
)
"""Kinds of building in which people may live; `yes` says nothing, so it counts."""

HIGH_HOMES = frozenset({"apartments", "residential", "block", "dormitory", "mixed_use"})
HIGH_FOOTPRINT_M2 = 300.0
HIGH_LEVELS = 5.0
LOW_LEVELS = 1.0
"""Levels of a home whose levels are not tagged: 5 for blocks of flats and for whatever covers
300 m2 and more, 1 for the rest."""

PREMISES = frozenset(
    [
        *("marketplace", "pharmacy", "post_office", "fuel", "car_wash", "cafe", "fast_food"),
        *("bar", "restaurant", "pub", "bank", "kiosk", "canteen"),
    ]
)
BEST_SHOPS = frozenset(
    [
        *("kiosk", "convenience", "supermarket", "market", "newsagent", "beverages", "hardware"),
        *("doityourself", "second_hand", "greengrocer", "general", "grocery"),
    ]
)


def directions(kind: str, tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Tell whether a way is open in its own direction and against it.

    Parameters
    ----------
    kind, tags
        Its class of road, and all its tags.
    """
    said = tags.get("oneway", "")
    if said in ("-1", "reverse"):
        return False, True
    always = tags.get("junction") == "roundabout" or kind in ("motorway", "motorway_link")
    return True, said not in ("yes", "true", "1") and not (always and said != "no")


def limit_km_per_h(said: str) -> float:
    """Read a speed limit in km/h; without a plain number there is none (`inf`).

    Parameters
    ----------
    said
        As tagged: `60`, `30 mph`, `RU:urban`.
    """
    number, _, unit = said.partition(" ")
    if not number.isdecimal() or not int(number):
        return float("inf")
    return int(number) * (1.609344 if unit == "mph" else 1.0)


def is_high(tags: Mapping[str, str]) -> bool:
    """Tell whether a building is of a kind that holds many homes.

    Parameters
    ----------
    tags
        Of the building.
    """
    return tags.get("building") in HIGH_HOMES


def levels(tags: Mapping[str, str], area_m2: float) -> float:
    """Tell how many levels a building has, by its tag or by a guess.

    Parameters
    ----------
    tags
        Of the building.
    area_m2
        Of its outline, for the guess.
    """
    try:
        tagged = float(tags.get("building:levels", ""))
    except ValueError:
        tagged = 0.0
    if 0 < tagged <= 200:
        return tagged
    high = is_high(tags) or (tags.get("building") == "yes" and area_m2 >= HIGH_FOOTPRINT_M2)
    return HIGH_LEVELS if high else LOW_LEVELS


def rank_of_premise(tags: Mapping[str, str]) -> tuple[int, str] | None:
    """Rank a small business at which a point could stand, and name it; None for anything else.

    Parameters
    ----------
    tags
        Of the object; rank 0 suits best.
    """
    shop, amenity = tags.get("shop"), tags.get("amenity")
    if amenity == "recycling":
        return 0, "recycling"
    if tags.get("building") == "kiosk" or amenity == "kiosk":
        return 0, "kiosk"
    if shop and shop not in ("no", "vacant"):
        return (0 if shop in BEST_SHOPS else 1), f"shop {shop}"
    if amenity in PREMISES:
        return (0 if amenity == "marketplace" else 1), str(amenity)
    if "craft" in tags:
        return 1, f"craft {tags['craft']}"
    return None


def rank_of_plot(tags: Mapping[str, str]) -> tuple[int, str] | None:
    """Rank land on which a station could stand, and name it; None for anything else.

    Parameters
    ----------
    tags
        Of the object; rank 0 suits best.
    """
    land, rail = tags.get("landuse"), tags.get("railway")
    if land in ("industrial", "railway"):
        return 0, f"{land} land"
    if rail in ("yard", "station", "halt") and tags.get("station") != "subway":
        return 0, f"railway {rail}"
    if rail == "rail" and tags.get("service") == "yard":
        return 0, "railway yard"
    if tags.get("man_made") == "works" or tags.get("building") in ("industrial", "warehouse"):
        return 1, "works or warehouse"
    if tags.get("amenity") in ("waste_transfer_station", "waste_disposal_site"):
        return 0, "waste transfer station"
    if land in ("garages", "depot", "brownfield", "commercial", "construction"):
        return 2, f"{land} land"
    return None
