"""The Sankey diagram: what becomes of each fraction, stage by stage, with every kilogram kept."""

from collections import defaultdict
from dataclasses import dataclass, field

from ainalym.model.city import City
from ainalym.model.material import MaterialKind
from ainalym.model.place import SiteKind
from ainalym.model.plan import Plan
from ainalym.model.process import LOSS
from ainalym.report.colours import REST, group_of, of_group
from ainalym.report.markup import Markup, tag
from ainalym.report.words import material_name, tonnes

WIDTH, TOP, BAR, GAP, LINE = 1000.0, 34.0, 14.0, 8.0, 15.0
"""Of the drawing, in its own units: the text is 12 high, so a label needs a line of 15."""

LEFT, RIGHT = 150.0, 190.0
"""Room for the labels beside the first and the last column."""

TITLES = ("captured at points", "sorted at stations", "sold to plants", "made into products")


@dataclass(slots=True)
class Node:
    """One bar of the diagram: a material at a stage.

    Attributes
    ----------
    column
        Stage, from 0.
    label, colour
        How it is shown.
    come, gone
        Kilograms a year that come in from the left and go out to the right.
    y, height
        Where it is drawn.
    """

    column: int
    label: str
    colour: str
    come_kg: float = 0.0
    gone_kg: float = 0.0
    y: float = 0.0
    height: float = 0.0
    used: list[float] = field(default_factory=lambda: [0.0, 0.0])

    @property
    def mass_kg(self) -> float:
        """What passes through it in a year."""
        return max(self.come_kg, self.gone_kg)


@dataclass(frozen=True, slots=True)
class Sankey:
    """Nodes and the links between them.

    Attributes
    ----------
    nodes
        By key.
    links
        From key, to key, kilograms a year, colour.
    """

    nodes: dict[tuple, Node]
    links: list[tuple[tuple, tuple, float, str]]


def sankey(city: City, plan: Plan) -> Sankey:
    """Follow what is captured to stations, plants, products, landfill and loss, in a mean year.

    Within a stage, what leaves a group of materials goes where that group's materials are
    shipped, in proportion; so mass is kept at every bar. The stockpile is not in it.

    Parameters
    ----------
    city, plan
        The plan and its city.
    """
    groups = [*city.fractions, "rest"]
    drawing = Sankey({}, [])
    at_points = _converted(city, plan, SiteKind.POINT, groups)
    at_stations = _converted(city, plan, SiteKind.STATION, groups)
    years = city.programme.years
    caught = dict(zip(groups, [*plan.captured_kg.sum((0, 1)), 0.0], strict=True))
    arrived: dict[str, float] = defaultdict(float)
    for (row, target), kg in _shipped(city, plan, SiteKind.POINT).items():
        if target is SiteKind.STATION:
            arrived[group_of(city, row)] += kg
    for column, kind, amounts, changes in (
        (0, SiteKind.POINT, caught, at_points),
        (1, SiteKind.STATION, arrived, at_stations),
    ):
        shipped = _shipped(city, plan, kind)
        for group in groups:
            for out, share in _leaving(amounts[group], group, changes, groups).items():
                if out == LOSS:
                    _link(drawing, city, (column, group), (2, LOSS), share / years)
                    continue
                mine = {k: kg for k, kg in shipped.items() if group_of(city, k[0]) == out}
                total = sum(mine.values())
                for (row, target), kg in mine.items():
                    aim = _aim(row, target, out)
                    _link(drawing, city, (column, group), aim, share * kg / total / years)
    _add_products(city, drawing)
    return drawing


def _aim(row: int, target: SiteKind, group: str) -> tuple:
    if target is SiteKind.STATION:
        return (1, group)
    return (2, "landfill") if target is SiteKind.LANDFILL else (2, row)


def _converted(
    city: City, plan: Plan, kind: SiteKind, groups: list[str]
) -> dict[tuple[str, str], float]:
    """What processes turn from one group into another, or lose, kg over the horizon."""
    out: dict[tuple[str, str], float] = defaultdict(float)
    row = {m.id: k for k, m in enumerate(city.materials)}
    worked = plan.worked
    for site, p, m, kg in zip(
        worked.site, worked.process, worked.material, worked.mass_kg, strict=True
    ):
        taken = group_of(city, m)
        if city.sites.kind[site] is not kind or taken not in groups:
            continue
        process = city.processes[p]
        for made in process.recipe_ppm[city.materials[m].id]:
            group = LOSS if made == LOSS else group_of(city, row[made])
            if group != taken:
                out[taken, group] += float(kg) * process.share(city.materials[m].id, made)
    return out


def _leaving(
    mass_kg: float, group: str, changes: dict[tuple[str, str], float], groups: list[str]
) -> dict[str, float]:
    """Into which groups what comes in as one group leaves a stage."""
    out = {}
    for other in (*groups, LOSS):
        net = changes.get((group, other), 0.0) - changes.get((other, group), 0.0)
        if other != group and net > 0:
            out[other] = net
    out[group] = max(mass_kg - sum(out.values()), 0.0)
    return {name: kg for name, kg in out.items() if kg > 1e-9 * max(mass_kg, 1.0)}


def _shipped(city: City, plan: Plan, kind: SiteKind) -> dict[tuple[int, SiteKind], float]:
    out: dict[tuple[int, SiteKind], float] = defaultdict(float)
    flows = plan.flows
    for i, j, m, kg in zip(flows.origin, flows.target, flows.material, flows.mass_kg, strict=True):
        if city.sites.kind[i] is kind:
            out[int(m), city.sites.kind[j]] += float(kg)
    return out


def _add_products(city: City, drawing: Sankey) -> None:
    for key in [k for k in drawing.nodes if k[0] == 2 and isinstance(k[1], int)]:
        name = city.materials[key[1]].id
        taker = next(
            (p for p in city.processes if p.at is SiteKind.PLANT and name in p.recipe_ppm), None
        )
        if taker is None:
            continue
        mass_kg = drawing.nodes[key].come_kg
        for made in taker.recipe_ppm[name]:
            _link(drawing, city, key, (3, made), mass_kg * taker.share(name, made))


def _link(drawing: Sankey, city: City, start: tuple, end: tuple, mass_kg: float) -> None:
    if mass_kg <= 0:
        return
    for key in (start, end):
        if key not in drawing.nodes:
            drawing.nodes[key] = _node(city, *key)
    drawing.nodes[start].gone_kg += mass_kg
    drawing.nodes[end].come_kg += mass_kg
    colour = drawing.nodes[start].colour
    for k, (a, b, kg, _) in enumerate(drawing.links):
        if (a, b) == (start, end):
            drawing.links[k] = (a, b, kg + mass_kg, colour)
            return
    drawing.links.append((start, end, mass_kg, colour))


def _node(city: City, column: int, what: object) -> Node:
    if what in (LOSS, "landfill"):
        return Node(column, "lost in processes" if what == LOSS else "to landfill", REST)
    if isinstance(what, int):
        name = city.materials[what].id
        return Node(column, material_name(city, name), of_group(city, group_of(city, what)))
    if what == "rest":
        return Node(column, "residue", REST)
    found = city.material.get(str(what))
    colour = of_group(city, found.fraction) if found else REST
    is_product = found is not None and found.kind is MaterialKind.PRODUCT
    label = material_name(city, str(what)) if is_product or column < 2 else f"{what}"
    return Node(column, label, colour)


def draw(city: City, drawing: Sankey, *, width: float = WIDTH) -> Markup:
    """Draw a Sankey diagram as inline SVG with a title on every bar and band."""
    order = [*city.fractions]
    columns: list[list[Node]] = [[], [], [], []]
    keys = sorted(drawing.nodes, key=lambda key: _rank(city, key, order))
    for key in keys:
        columns[key[0]].append(drawing.nodes[key])
    bottom = _lay_out(columns)
    step = (width - LEFT - RIGHT) / 3
    left = [LEFT + c * step for c in range(4)]
    parts: list[Markup] = []
    rank = {key: k for k, key in enumerate(keys)}
    links = sorted(drawing.links, key=lambda link: (rank[link[0]], rank[link[1]]))
    scale = _scale(columns)
    for a, b, kg, colour in links:
        start, end = drawing.nodes[a], drawing.nodes[b]
        parts.append(_band(start, end, kg, colour, left, scale))
    for node in drawing.nodes.values():
        parts.append(_bar(node, left[node.column]))
    for c, title in enumerate(TITLES):
        if columns[c]:
            anchor = "end" if c == 0 else "start"
            x = left[c] + (BAR if c == 0 else 0.0)
            label = tag("text", title, x=x, y=14.0, text_anchor=anchor, class_="head")
            parts.append(label)
    return tag(
        "svg",
        tag("title", "What becomes of each fraction, tonnes a year"),
        parts,
        viewBox=f"0 0 {width:.0f} {bottom + 12:.0f}",
        role="img",
        class_="sankey",
    )


def _rank(city: City, key: tuple, order: list[str]) -> tuple:
    column, what = key
    if what in ("landfill", "rest", LOSS):
        return (column, len(order) + (what == LOSS), 0)
    if isinstance(what, int):
        group, row = group_of(city, what), what
    else:
        row = next((k for k, m in enumerate(city.materials) if m.id == what), 0)
        group = group_of(city, row)
    return (column, order.index(group) if group in order else len(order), row)


def _scale(columns: list[list[Node]]) -> float:
    largest = max((sum(n.mass_kg for n in nodes) for nodes in columns), default=0.0)
    return 300.0 / largest if largest > 0 else 0.0


def _lay_out(columns: list[list[Node]]) -> float:
    """Put bars under one another, each with room for its label; tell where the last one ends."""
    scale, bottom = _scale(columns), TOP
    for nodes in columns:
        for node in nodes:
            node.height = max(node.mass_kg * scale, 0.75)
    tall = max((sum(max(n.height + GAP, LINE) for n in nodes) for nodes in columns), default=0.0)
    for nodes in columns:
        need = sum(max(n.height + GAP, LINE) for n in nodes)
        y = TOP + (tall - need) / 2
        for node in nodes:
            slot = max(node.height + GAP, LINE)
            node.y, node.used = y + (slot - node.height) / 2, [0.0, 0.0]
            y += slot
        bottom = max(bottom, y)
    return bottom


def _band(
    start: Node, end: Node, kg: float, colour: str, left: list[float], scale: float
) -> Markup:
    thick = kg * scale
    y0, y1 = start.y + start.used[1], end.y + end.used[0]
    start.used[1] += thick
    end.used[0] += thick
    x0, x1 = left[start.column] + BAR, left[end.column]
    middle = (x0 + x1) / 2
    path = (
        f"M{x0:.1f},{y0:.1f}C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
        f"v{thick:.2f}C{middle:.1f},{y1 + thick:.1f} {middle:.1f},{y0 + thick:.1f} "
        f"{x0:.1f},{y0 + thick:.1f}Z"
    )
    said = f"{start.label} to {end.label}: {tonnes(kg)} a year"
    return tag("path", tag("title", said), d=path, fill=colour, fill_opacity=0.38)


def _bar(node: Node, x: float) -> Markup:
    middle = node.y + node.height / 2 + 4
    said = f"{node.label} {tonnes(node.mass_kg)}"
    at = {"x": x - 6, "text_anchor": "end"} if node.column == 0 else {"x": x + BAR + 6}
    rect = tag(
        "rect", tag("title", f"{said} a year"), x=x, y=node.y, width=BAR, height=node.height,
        fill=node.colour,
    )  # fmt: skip
    amount = tag("tspan", f" {tonnes(node.mass_kg)}", class_="amount")
    return tag("g", rect, tag("text", node.label, amount, y=middle, **at))
