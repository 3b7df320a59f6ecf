"""A sorting run: what went onto a line, and what came off it in bales, to the gram."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from ainalym.errors import AinalymError
from ainalym.ledger import Book, lot, rules, stock
from ainalym.ledger.rules import BAND_PPM, Recipe
from ainalym.model.deed import Change
from ainalym.model.entry import Entry, new_id, now_ms
from ainalym.model.process import LOSS
from ainalym.units import PPM
from ainalym.web.book import the_book
from ainalym.web.letters import checks_letters
from ainalym.web.loads.filled import Filled
from ainalym.web.loads.reasons import OTHER, reason_in_words
from ainalym.web.loads.telling import entry_here, recorded, tell
from ainalym.web.loads.way import LINES, Heap, Named, named
from ainalym.web.loads.weighing import read_scale, scales_of, too_heavy
from ainalym.web.loads.weights import say_kg
from ainalym.web.people.access import only
from ainalym.web.people.models import Role
from ainalym.web.programme.models import Scale, Site
from ainalym.web.refusals import Refusal
from ainalym.web.station.fetching import heaps_of, hold_to_stock, read_loads

REASONS = {
    "dirty": gettext_lazy("The load was dirtier than usual"),
    "clean": gettext_lazy("The load was cleaner than usual"),
    "wet": gettext_lazy("It was wet and has dried"),
    "stopped": gettext_lazy("The line was stopped before it was empty"),
    "spilled": gettext_lazy("Something was spilled"),
    OTHER: gettext_lazy("Another reason"),
}
"""Why a run may give something else than its recipe says."""

FIELDS, MORE, MOST = 2, 3, 40
"""Fields for bales of one grade: at first, when more are asked for, and at most."""


class Output(NamedTuple):
    """A grade that comes off a line, with the weights typed for its bales."""

    heap: Heap
    typed: list[str]
    wrong: bool


def lines_of(book: Book) -> dict[str, Recipe]:
    """List the processes of stations, by id."""
    return {
        name: Recipe(terms["recipe_ppm"], terms.get("band_ppm", BAND_PPM))
        for name, terms in rules(book, "process").items()
        if terms.get("at") == "station"
    }


def line_name(process: str) -> str:
    """Say what people call a process."""
    return str(LINES.get(process, process))


@checks_letters
@require_http_methods(["GET", "POST"])
@only(Role.LEADER)
def sort(request: HttpRequest, site: Site) -> HttpResponse:
    """Record a sorting run; before that, choose the line."""
    book = the_book()
    lines, form = lines_of(book), Filled(request.POST)
    name = request.POST.get("process") or request.GET.get("process", "")
    if name not in lines and (name or len(lines) != 1):
        if request.method == "POST":
            raise Refusal(422, _("There is no such line here."))
        return _choose(request, site, lines)
    process = name or next(iter(lines))
    if request.method == "POST" and request.POST.get("act") != "more":
        deed = _change(book, site, process, lines[process], form, request.user.name)
        if deed is not None:
            try:
                tell(book, [deed])
                return redirect("station:run", site.id, deed.id)
            except AinalymError as error:
                form.said(error)
    return _on_line(request, site, process, lines[process], form)


def _choose(request: HttpRequest, site: Site, lines: Mapping[str, Recipe]) -> HttpResponse:
    lies = stock(the_book(), site.id)
    offered = [
        (name, line_name(name), named({m: lies[m] for m in recipe.recipe_ppm if m in lies}))
        for name, recipe in lines.items()
    ]
    told = {"site": site, "tab": "sort", "lines": offered}
    return render(request, "station/lines.html", told)


def _on_line(
    request: HttpRequest, site: Site, process: str, recipe: Recipe, form: Filled
) -> HttpResponse:
    lies = stock(the_book(), site.id)
    more = MORE if form.sent.get("act") == "more" else 1
    outputs = []
    for heap in named(dict.fromkeys(_outputs(recipe), 0)):
        typed = [text for text in form.sent.getlist(f"out-{heap.id}") if text.strip()]
        blank = max(FIELDS - len(typed), more)
        rows = [*typed, *[""] * blank][:MOST]
        outputs.append(Output(heap, rows, f"out-{heap.id}" in form.wrong))
    told = {
        "site": site,
        "tab": "sort",
        "process": process,
        "line": line_name(process),
        "inputs": heaps_of(form, {m: lies[m] for m in recipe.recipe_ppm if m in lies}),
        "outputs": outputs,
        "band": recipe.band_ppm / PPM,
        "scales": [*scales_of(the_book(), site)],
        "reasons": REASONS.items(),
        "id": form.sent.get("id") or new_id(),
        "entered": form.sent,
        "wrong": form.wrong,
        "faults": form.faults,
    }
    return render(request, "station/sort.html", told, status=form.status if form.faults else 200)


def _outputs(recipe: Recipe) -> list[str]:
    made = {name for shares in recipe.recipe_ppm.values() for name in shares}
    return sorted(made - {LOSS})


def _change(
    book: Book, site: Site, process: str, recipe: Recipe, form: Filled, leader: str
) -> Change | None:
    """Read a run out of the form; None where it has faults."""
    before = recorded(book, form.id)
    at_ms = before.event_ms if before else now_ms()
    scale = read_scale(form, scales_of(book, site), at_ms)
    inputs_g = read_loads(form)
    bales = _read_bales(form, recipe, scale)
    reason = form.reason(REASONS)
    if not inputs_g and not form.faults:
        form.fault(_("Type what went onto the line."))
    if not bales and not form.faults:
        form.fault(_("Type what came off the line: one weight for each bale."))
    if not form.faults and before is None:
        hold_to_stock(form, inputs_g, stock(book, site.id))
    if not form.faults:
        _hold_to_recipe(form, recipe, inputs_g, bales, excused=bool(reason))
    if form.faults or scale is None:
        return None
    return Change(
        id=form.id,
        site=site.id,
        event_ms=at_ms,
        actor=leader,
        reason=reason,
        process=process,
        inputs=inputs_g,
        outputs=tuple(bales),
        scale=scale.id,
    )


def _read_bales(form: Filled, recipe: Recipe, scale: Scale | None) -> list[tuple[str, int]]:
    bales = []
    for heap in named(dict.fromkeys(_outputs(recipe), 0)):
        for grams in form.each_grams(f"out-{heap.id}", str(heap.material)):
            if scale is not None and grams > scale.most_g:
                too_heavy(form, f"out-{heap.id}", grams, scale)
            bales.append((heap.id, grams))
    return bales


def _hold_to_recipe(
    form: Filled,
    recipe: Recipe,
    inputs_g: Mapping[str, int],
    bales: list[tuple[str, int]],
    *,
    excused: bool,
) -> None:
    """Refuse what no input accounts for; ask for a reason where a yield is outside its band."""
    total_g, made_g = sum(inputs_g.values()), sum(grams for _material, grams in bales)
    if unknown := inputs_g.keys() - recipe.recipe_ppm.keys():
        said = _("This line does not take %(material)s.")
        for name, material, _grams in named(dict.fromkeys(unknown, 0)):
            form.fault(said % {"material": material}, f"kg-{name}")
        return
    if made_g > total_g:
        said = _(
            "%(out)s kg came off the line, but only %(into)s kg went onto it. Nothing is made of "
            "nothing: weigh again."
        )
        form.fault(said % {"out": say_kg(made_g), "into": say_kg(total_g)})
        return
    if excused:
        return
    band_g = recipe.band_ppm * total_g // PPM
    for one in yields(recipe, inputs_g, bales):
        if abs(one.off_g) <= band_g:
            continue
        told = {"got": say_kg(one.got_g), "due": say_kg(one.due_g), "band": say_kg(band_g)}
        if one.id == LOSS:
            said = _(
                "%(got)s kg are lost where the recipe says %(due)s kg (give or take %(band)s kg). "
                "Weigh again, or say why."
            )
        else:
            said = _(
                "%(material)s: %(got)s kg came off where the recipe says %(due)s kg (give or take "
                "%(band)s kg). Weigh again, or say why."
            )
        form.fault(said % (told | {"material": one.material}), f"out-{one.id}", "reason")


class Yield(NamedTuple):
    """What came out as one material, or was lost, beside what the recipe says."""

    id: str
    material: Named
    got_g: int
    due_g: int

    @property
    def off_g(self) -> int:
        """The difference."""
        return self.got_g - self.due_g


def yields(
    recipe: Recipe, inputs_g: Mapping[str, int], bales: list[tuple[str, int]]
) -> list[Yield]:
    """Set what came off a line beside its recipe; the loss stands last."""
    due_g = recipe.expected_g(inputs_g)
    got_g = {LOSS: sum(inputs_g.values()) - sum(grams for _material, grams in bales)}
    for material, grams in bales:
        got_g[material] = got_g.get(material, 0) + grams
    heaps = named({name: 0 for name in sorted(due_g.keys() | got_g.keys()) if name != LOSS})
    rows = [Yield(h.id, h.material, got_g.get(h.id, 0), due_g.get(h.id, 0)) for h in heaps]
    return [*rows, Yield(LOSS, _("Loss"), got_g[LOSS], due_g.get(LOSS, 0))]


@require_GET
@only(Role.LEADER)
def run(request: HttpRequest, site: Site, name: UUID) -> HttpResponse:
    """Show a run: yields beside the recipe, and a label for each bale."""
    book = the_book()
    found = entry_here(book, site.id, str(name), "change")
    inputs_g, bales = _inputs(found), [(m, g) for m, g in found.body.get("outputs", ())]
    process = found.body["process"]
    recipe = _recipe_then(book, found)
    numbers = [one.lot for one in found.postings if one.lot is not None and one.quantity > 0]
    made = [lot(book, number) for number in numbers]
    materials = {heap.id: heap.material for heap in named({m: 0 for m, _grams in bales})}
    told = {
        "site": site,
        "tab": "done",
        "entry": found,
        "line": line_name(process),
        "inputs": named(inputs_g),
        "into_g": sum(inputs_g.values()),
        "yields": yields(recipe, inputs_g, bales),
        "labels": [(one, materials[one.account.what]) for one in made],
        "reason": reason_in_words(found.body.get("reason", ""), REASONS),
    }
    return render(request, "station/run.html", told)


def _inputs(found: Entry) -> dict[str, int]:
    """Sum up what a run took, by material."""
    taken: dict[str, int] = {}
    for one in found.postings:
        if one.lot is not None and one.quantity < 0:
            taken[one.account.what] = taken.get(one.account.what, 0) - one.quantity
    return taken


def _recipe_then(book: Book, found: Entry) -> Recipe:
    """Give the recipe as it stood when the run was recorded."""
    terms = rules(book, "process", as_of_ms=found.event_ms)[found.body["process"]]
    return Recipe(terms["recipe_ppm"], terms.get("band_ppm", BAND_PPM))
