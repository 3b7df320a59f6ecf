"""Cities: found by name, checked, copied, and made of a map."""

import shutil
from pathlib import Path

from ainalym.city import read, scenarios
from ainalym.city.write import swapped_in
from ainalym.errors import InputError, Issue, refuse
from ainalym.model.city import City
from ainalym.study.watch import Silent

EXAMPLES = Path(__file__).parents[1] / "city" / "examples"


def examples() -> dict[str, Path]:
    """List the shipped example cities by name."""
    if not EXAMPLES.is_dir():
        return {}
    return {path.name: path for path in sorted(EXAMPLES.iterdir()) if path.is_dir()}


def find_city(name: str) -> Path:
    """Find a city folder, or the shipped example of that name when there is no such folder.

    Parameters
    ----------
    name
        A path, or a bare name.

    Raises
    ------
    InputError
        There is neither.
    """
    if Path(name).exists() or name not in examples():
        if not Path(name).exists() and Path(name).name == name:
            known = ", ".join(examples())
            mend = f"give a folder, or one of the examples {known}"
            refuse([Issue(name, "there is no such folder or example", mend)])
        return Path(name)
    return examples()[name]


def check_city(folder: Path, scenario: str = "") -> City:
    """Read a city with each of its scenarios, and refuse it with the faults of all.

    Parameters
    ----------
    folder
        A city folder.
    scenario
        Check only this one; empty for the city and all its scenarios.

    Raises
    ------
    InputError
        Every fault found, each once.
    """
    if scenario:
        return read(folder, scenario)
    city = read(folder)
    issues: dict[Issue, None] = {}
    for name in scenarios(folder):
        try:
            read(folder, name)
        except InputError as error:
            issues |= dict.fromkeys(error.issues)
    refuse(issues)
    return city


def copy_city(name: str, folder: Path) -> None:
    """Copy a city with its scenarios into a new folder, to be edited there.

    Parameters
    ----------
    name
        As for `find_city`.
    folder
        New or empty.

    Raises
    ------
    InputError
        There is no such city, or the folder holds something.
    OutsideError
        The file system refused.
    """
    source, folder = find_city(name), Path(folder)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        refuse([Issue(str(folder), "there is something here already", "give a new folder")])
    with swapped_in(folder) as fresh:
        shutil.copytree(source, fresh, dirs_exist_ok=True)


def city_from_osm(
    extract: Path,
    districts: Path,
    residents: Path,
    out: Path,
    *,
    template: str = "",
    watch: Silent | None = None,
    **wanted: object,
) -> City:
    """Make a city folder from an extract of OpenStreetMap and a head count.

    Parameters
    ----------
    extract, districts, residents
        As for `from_osm`.
    out
        New, empty, or an earlier city folder.
    template
        As for `find_city`: gives what no map tells. The shipped Almaty if empty.
    watch
        Hears what is being done.
    wanted
        The other wishes of `from_osm`.

    Raises
    ------
    InputError
        A file or the folder has faults.
    OutsideError
        The file system refused.
    """
    from ainalym.city.osm import from_osm, write_osm_city

    watch = watch or Silent()
    watch.step("reading the extract")
    terms = read(find_city(template)) if template else None
    cities = from_osm(extract, districts, residents, template=terms, progress=watch.note, **wanted)
    watch.step("writing the city")
    write_osm_city(cities, out)
    return next(iter(cities.values()))
