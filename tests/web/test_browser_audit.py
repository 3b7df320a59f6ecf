"""The auditor's pages in a real browser, on a phone and in three languages."""

import pytest

from ainalym.model.deed import Close
from tests.report.browser import find_browser
from tests.web.handset import Handset
from tests.web.live import served
from tests.web.loads import told
from tests.web.story import POINTS, STATION, a_month

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_browser(), reason="there is no chromium on this computer"),
]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_page_is_whole_on_a_phone_and_open_to_everybody(passwords, tmp_path, language):
    month = a_month()
    closed = told(Close, site=STATION, from_ms=month.from_ms, to_ms=month.to_ms)
    pages = ("/audit/", "/audit/?hash=00", "/audit/lots?q=0", f"/audit/lots?site={STATION}")
    pages += (f"/audit/lots/{month.arrived}", f"/audit/lots/{month.bale}", "/audit/lots/3")
    pages += ("/audit/entries", f"/audit/entries?site={POINTS[0]}&from=no", "/audit/entries/1")
    pages += (f"/audit/periods/{closed.seq}", f"/audit/weighings?month={month.name}")
    pages += (f"/audit/entries/{month.reversal.seq}", f"/audit/entries/{month.reversal.seq + 6}")
    with served() as address, Handset(tmp_path / "phone", address) as phone:
        phone.go("/people/sign-in")
        phone.sign_in("auditor", passwords["auditor"])
        phone.follow(f".tongues button[value={language}]")
        faults = [fault for path in pages for fault in phone.faults_of(path, language)]
        assert not faults, "\n".join(faults)
        phone.go("/audit/")
        phone.follow("form[action='/audit/verify'] button")
        assert phone.ask("document.querySelectorAll('#verdict').length") == 1
        assert phone.barriers() == []
        expected = {404, 422}
        said = [
            one for one in phone.browser.complaints() if not any(str(k) in one for k in expected)
        ]
        assert said == []
