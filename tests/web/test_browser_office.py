"""The office in a real browser, on a phone and in three languages."""

import pytest

from tests.report.browser import find_browser
from tests.web.handset import Handset
from tests.web.live import served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_browser(), reason="there is no chromium on this computer"),
]
PAGES = ("/", "/office/", "/office/prices", "/office/scales", "/office/trail")


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_page_is_whole_on_a_phone_and_open_to_everybody(passwords, tmp_path, language):
    with served() as address, Handset(tmp_path / "phone", address) as phone:
        phone.go("/people/sign-in")
        phone.sign_in("department", passwords["department"])
        phone.follow(f".tongues button[value={language}]")
        faults = [fault for path in PAGES for fault in phone.faults_of(path, language)]
        assert not faults, "\n".join(faults)
        assert phone.browser.complaints() == []
