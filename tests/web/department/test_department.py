"""The department: plan against actual, the monthly form, and closing a month for good."""

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ainalym.ledger import holds, periods, post, stock
from ainalym.model.deed import Ticket
from ainalym.model.entry import ms, new_id, now_ms
from ainalym.web.book import the_book
from tests.web.loads import bought, under_way

HERE = ZoneInfo("Asia/Almaty")
HEAD = "year,origin,target,material,mass_t\n"


@pytest.fixture
def desk(browse, monkeypatch):
    """The department, at its desk; answers carry what their pages were told."""
    from django.template.base import Template
    from django.test.utils import instrumented_test_render

    monkeypatch.setattr(Template, "_render", instrumented_test_render)
    return browse("department")


def last_month() -> "object":
    """The month before this one."""
    from ainalym.web.department.months import this_month

    return this_month().previous


def bought_then(material: str, grams: int, *, site: str = "pt-012", source: str = "people") -> None:
    """Buy something on the fifteenth of last month."""
    month = last_month()
    at_ms = ms(datetime(month.year, month.number, 15, 12, tzinfo=HERE))
    deed = Ticket(
        id=new_id(), site=site, event_ms=at_ms, material=material, gross_g=grams, source=source
    )
    post(the_book(), [deed])


def upload(desk, text: str | bytes):
    """Send a plan's table."""
    data = text if isinstance(text, bytes) else text.encode()
    file = io.BytesIO(data)
    file.name = "flows.csv"
    return desk.post("/department/plan", {"flows": file})


@pytest.mark.parametrize(
    "path", ["", "map", "plan", "form", "form.csv", "closing", "closing/pt-012"]
)
def test_the_room_is_the_departments_alone(browse, desk, path):
    address = f"/department/{path}"
    assert desk.get(address).status_code == 200
    for name in ("keeper-12", "leader-8", "buyer-pet", "auditor"):
        assert browse(name).get(address).status_code == 403
    assert browse().get(address).status_code == 302


def test_what_points_bought_stands_beside_the_plan(desk):
    upload(desk, f"{HEAD}{last_month().year},pt-012,st-08,paper.clean,36.5\n")
    bought_then("paper", 100_000)
    bought_then("paper.clean", 55_500)
    bought_then("glass", 7_000, site="pt-003")
    page = desk.get(f"/department/?month={last_month()}").context
    share = last_month().share_of_year
    rows = {row.id: row.pair for row in page["by_point"]}
    assert rows["pt-012"].bought_g == 155_500
    assert rows["pt-012"].planned_g == round(36_500_000 * share)
    assert rows["pt-003"].planned_g == 0 and rows["pt-003"].share is None
    materials = {row.id: row.pair.bought_g for row in page["by_material"]}
    assert materials == {"paper": 155_500, "glass": 7_000}
    months = {row.id: row.pair.bought_g for row in page["by_month"]}
    assert months[str(last_month())] == 162_500 and len(months) == 12
    assert page["all"].planned_g == rows["pt-012"].planned_g
    narrow = desk.get(f"/department/?month={last_month()}&site=pt-003&fraction=glass").context
    assert narrow["all"].bought_g == 7_000


def test_the_plans_of_twelve_months_are_the_plan_of_the_year(desk):
    upload(desk, f"{HEAD}2024,pt-012,st-08,paper,36.6\n2024,pt-012,st-07,paper,36.6\n")
    rows = desk.get("/department/?month=2024-02").context["by_month"]
    assert sum(row.pair.planned_g for row in rows) == 73_200_000
    assert rows[1].pair.planned_g == 73_200_000 * 29 // 366


def test_what_was_taken_back_is_not_counted(desk):
    from tests.web.loads import told

    receipt = bought("paper", 9_000)
    from ainalym.model.deed import Reversal

    told(Reversal, reverses=receipt.id, reason="wrong")
    page = desk.get("/department/").context
    assert page["all"].bought_g == 0


def test_a_load_on_its_way_is_not_bought_twice(desk):
    under_way(paper=5_000)
    assert desk.get("/department/").context["all"].bought_g == 5_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("year,origin\n2026,pt-012\n", "has no column target"),
        (
            f"{HEAD}2026,pt-012,st-08,paper,12,5\nx,pt-012,st-08,paper,1\n",
            "row 3: &#x27;x&#x27; is no",
        ),
        (f"{HEAD}2026,pt-012,st-08,paper,-1\n", "row 2: &#x27;-1&#x27; is no mass"),
        (f"{HEAD}2026,pt-012,st-08,paper,nan\n", "is no mass"),
        (f"{HEAD}2026,elsewhere,st-08,paper,1\n", "no row begins at a point"),
        (b"\xff\xfe\x00", "no table of text"),
        ("x" * ((1 << 20) + 1), "larger than 1 MiB"),
    ],
)
def test_a_faulty_plan_is_refused_whole(desk, text, said):
    from ainalym.web.programme.models import Planned

    before = [*Planned.objects.values_list("site", "fraction", "year", "mass_g")]
    answer = upload(desk, text)
    assert answer.status_code in (413, 422)
    if answer.status_code == 422:
        assert said in answer.content.decode()
    assert [*Planned.objects.values_list("site", "fraction", "year", "mass_g")] == before


def test_all_faults_of_a_plan_are_told_at_once(desk):
    rows = "".join(f"2026,pt-012,st-08,paper,much-{k}\n" for k in range(60))
    faults = upload(desk, HEAD + rows).context["faults"]
    assert len(faults) == 51
    assert "has 10 more such rows" in faults[-1]


def test_the_form_pays_for_what_was_sorted_at_its_source_alone(desk):
    bought_then("paper", 2_000_000)
    bought_then("paper", 1_000_000, source="container")
    answer = desk.post("/department/form", {"rate-paper": "12 500,50", "month": str(last_month())})
    assert answer.status_code == 302
    part = desk.get(f"/department/form?month={last_month()}").context["parts"][0]
    assert part.sums["received_g"] == 3_000_000
    assert part.sums["eligible_g"] == 2_000_000
    assert part.due_minor == 2 * 1_250_050
    table = desk.get(f"/department/form.csv?month={last_month()}").getvalue().decode("utf-8-sig")
    row = next(csv.DictReader(io.StringIO(table)))
    assert (row["received_t"], row["eligible_t"], row["due_kzt"]) == (
        "3.000000",
        "2.000000",
        "25001.00",
    )


def test_a_rate_that_is_no_number_is_not_kept(desk):
    answer = desk.post("/department/form", {"rate-paper": "much", "month": str(last_month())})
    assert answer.status_code == 422
    assert "“much” is not a number" in answer.content.decode()
    assert 'value="much"' in answer.content.decode()


def close(desk, **form: str):
    """Close last month at a point."""
    same = {"id": new_id(), "month": str(last_month()), "sure": "yes"}
    return desk.post("/department/closing/pt-012", same | form)


def test_a_month_is_counted_closed_and_sealed(desk):
    bought_then("paper", 10_000)
    answer = close(desk, **{"counted-paper": "9,8", "reason": "dried"})
    assert answer.status_code == 302
    period = periods(the_book())[0]
    assert (period.site, period.from_ms, period.to_ms) == (
        "pt-012",
        last_month().from_ms,
        last_month().to_ms,
    )
    assert stock(the_book(), "pt-012") == {"paper": 9_800}
    act = desk.get(answer["Location"])
    line = act.context["lines"][0][2]
    assert (line.received_g, line.corrected_g, line.closing_g) == (10_000, -200, 9_800)
    assert period.root in act.content.decode()
    assert holds(the_book(), period.root)
    assert desk.get(f"/department/closing/pt-012?month={last_month()}").status_code == 302
    states = {one.site.id: one for one in desk.get("/department/closing").context["states"]}
    assert states["pt-012"].period and not states["pt-003"].period


def test_a_form_sent_twice_closes_once(desk):
    bought_then("paper", 10_000)
    form = {"id": new_id(), "counted-paper": "10"}
    assert close(desk, **form).status_code == 302
    assert close(desk, **form).status_code == 302
    assert len(periods(the_book())) == 1


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"sure": ""}, "Confirm that nothing"),
        ({"counted-paper": "9"}, "Say the reason"),
        ({"counted-paper": "-1", "reason": "x"}, "is not a number"),
        ({"counted-paper": "1,2345", "reason": "x"}, "too many decimals"),
    ],
)
def test_a_month_is_not_closed_by_a_faulty_form(desk, form, said):
    bought_then("paper", 10_000)
    answer = close(desk, **form)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert periods(the_book()) == []


def test_a_month_that_runs_is_not_closed(desk):
    from ainalym.web.department.months import this_month

    assert close(desk, month=str(this_month())).status_code == 409
    assert close(desk, month="2026-13").status_code == 422
    assert desk.get("/department/closing/nowhere").status_code == 404
    assert desk.get("/department/acts/1").status_code == 404


def test_nothing_is_bought_in_a_closed_month(desk):
    from ainalym.errors import ConflictError

    close(desk)
    with pytest.raises(ConflictError, match="closed period"):
        bought_then("paper", 1_000)
    bought("paper", 1_000)


def test_the_map_shows_each_point_as_far_as_it_came(desk):
    upload(desk, f"{HEAD}{last_month().year},pt-012,st-08,paper,365\n")
    bought_then("paper", 1_000_000)
    picture = desk.get(f"/department/map?month={last_month()}").context["picture"]
    marks = {mark.spot.id: mark for mark in picture.marks}
    assert marks["pt-012"].tone == "late"
    assert marks["pt-012"].filled and not marks["pt-003"].filled
    assert marks["pt-003"].tone == "none"
    assert float(marks["pt-003"].x) > float(marks["pt-012"].x)  # it lies to the east
    assert float(marks["pt-003"].y) < float(marks["pt-012"].y)  # and to the north
    assert picture.bar_km == pytest.approx(
        picture.bar_units
        / (float(marks["pt-012"].y) - float(marks["pt-003"].y))
        * (43.25485 - 43.24544)
        * 111.195,
        rel=0.05,
    )


def test_months_follow_the_clock_on_the_wall():
    from ainalym.web.department.months import Month

    month = Month(2026, 12)
    assert month.from_ms == ms(datetime(2026, 12, 1, tzinfo=HERE))
    assert str(month.next) == "2027-01" and str(month.next.previous) == "2026-12"
    assert (month.to_ms - month.from_ms) == 31 * 24 * 3600 * 1000
    assert Month(2000, 1).is_over and Month(2000, 1).days_gone == 31
    assert not Month(2199, 1).is_over and Month(2199, 1).days_gone == 0
    assert month.from_ms < now_ms() or not month.days_gone
