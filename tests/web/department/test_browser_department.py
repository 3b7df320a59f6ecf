"""The department's pages in a real browser, on a phone and in three languages."""

import pytest

from ainalym.ledger import periods
from ainalym.model.entry import new_id
from ainalym.web.book import the_book
from tests.report.browser import find_browser
from tests.web.department.test_department import bought_then, last_month
from tests.web.handset import Handset
from tests.web.live import served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_browser(), reason="there is no chromium on this computer"),
]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_page_is_whole_on_a_phone_and_open_to_everybody(
    browse, passwords, tmp_path, language
):
    bought_then("paper", 900_000)
    bought_then("glass", 2_700_000, site="pt-003")
    form = {"id": new_id(), "month": str(last_month()), "sure": "yes"}
    browse("department").post("/department/closing/pt-003", form)
    month = f"?month={last_month()}"
    pages = [
        "/",
        f"/department/{month}",
        f"/department/{month}&site=pt-012&fraction=paper",
        "/department/?month=2150-01",
        f"/department/map{month}",
        f"/department/form{month}",
        f"/department/closing{month}",
        f"/department/closing/pt-012{month}",
        f"/department/acts/{periods(the_book())[0].entry}",
        "/department/plan",
    ]
    with served() as address, Handset(tmp_path / "phone", address) as phone:
        phone.go("/people/sign-in")
        phone.sign_in("department", passwords["department"])
        phone.follow(f".tongues button[value={language}]")
        faults = [fault for path in pages for fault in phone.faults_of(path, language)]
        assert not faults, "\n".join(faults)
        assert phone.browser.complaints() == []
