"""Coming in, staying out: sign-in, lock-out, forged forms, headers, languages."""

import re

import pytest

SIGN_IN = "/people/sign-in"


def test_who_is_not_signed_in_is_led_to_sign_in(browse):
    answer = browse().get("/")
    assert (answer.status_code, answer["Location"]) == (302, f"{SIGN_IN}?next=/")
    machine = browse().get("/", headers={"accept": "application/json"})
    assert machine.status_code == 401
    assert machine["Content-Type"] == "application/problem+json"
    assert machine.json()["title"] == "Please sign in"


def test_a_person_signs_in_works_and_leaves(browse, passwords):
    client = browse()
    entry = {"name": "keeper-12", "password": passwords["keeper-12"], "next": "/people/password"}
    answer = client.post(SIGN_IN, entry)
    assert (answer.status_code, answer["Location"]) == (302, "/people/password")
    assert answer.cookies["django_language"].value == "kk"
    assert answer.cookies["sessionid"]["httponly"]
    assert "12-пункт, Алмалы" in client.get("/").content.decode()
    client.post("/people/sign-out")
    assert client.get("/").status_code == 302


def test_nobody_is_sent_on_to_another_host(browse, passwords):
    for aim in ("https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"):
        entry = {"name": "auditor", "password": passwords["auditor"], "next": aim}
        assert browse().post(SIGN_IN, entry)["Location"] == "/"


def test_five_wrong_passwords_lock_a_name_whether_it_exists_or_not(browse, passwords):
    for name in ("keeper-12", "nobody"):
        client = browse()
        for _ in range(5):
            answer = client.post(SIGN_IN, {"name": name, "password": "guess"})
            assert answer.status_code == 422
            assert "Name or password is wrong." in answer.content.decode()
        right = {"name": name, "password": passwords.get(name, "guess")}
        answer = client.post(SIGN_IN, right)
        assert answer.status_code == 429
        assert "Wait 15 minutes" in answer.content.decode()
    elsewhere = browse()
    entry = {"name": "keeper-12", "password": passwords["keeper-12"]}
    assert elsewhere.post(SIGN_IN, entry, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_a_lock_opens_after_a_while(browse, passwords, monkeypatch):
    from ainalym.web.people import access, lock

    client = browse()
    for _ in range(5):
        client.post(SIGN_IN, {"name": "auditor", "password": "guess"})
    later = access.now_ms() + lock.A_WHILE_MS
    monkeypatch.setattr(lock, "now_ms", lambda: later)
    entry = {"name": "auditor", "password": passwords["auditor"]}
    assert client.post(SIGN_IN, entry).status_code == 302


def test_too_many_tries_from_one_address_are_refused(browse):
    client = browse()
    statuses = [
        client.post(SIGN_IN, {"name": f"n{k}", "password": "x"}, REMOTE_ADDR="192.0.2.9")
        for k in range(62)  # wherever the minute ends, 31 of them are in one
    ]
    refused = [one for one in statuses if one.status_code == 429]
    assert refused[0]["Retry-After"] == "60"


def test_a_forged_form_is_refused_in_the_users_language(browse):
    said = {"en": "did not come from a page of ours", "ru": "не с нашей", "kk": "біздің беттен"}
    for language, sentence in said.items():
        client = browse("keeper-12", language=language, strict=True)
        answer = client.post("/people/sign-out")
        assert answer.status_code == 403
        assert sentence in answer.content.decode()
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", SIGN_IN, "/nowhere", "/static/ainalym/site.css"])
def test_every_answer_carries_the_policy(browse, path):
    answer = browse("keeper-12").get(path)
    answer.close()
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    if not path.startswith("/static/"):
        assert answer["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "There is no such page"), ("ru", "Такой страницы нет"), ("kk", "Мұндай бет жоқ")],
)
def test_what_is_not_there_is_said_in_the_users_language(browse, language, title):
    answer = browse("keeper-12", language=language).get("/nowhere")
    assert answer.status_code == 404
    assert title in answer.content.decode()
    assert f'<html lang="{language}">' in answer.content.decode()


def test_a_language_is_remembered(browse):
    client = browse("keeper-12")
    answer = client.post("/people/language", {"language": "ru", "next": "/"})
    assert answer["Location"] == "/"
    assert "Ваша работа" in client.get("/").content.decode()
    client.post("/people/language", {"language": "xx", "next": "/"})
    assert "Ваша работа" in client.get("/").content.decode()


def test_a_password_is_changed_only_by_who_knows_the_old_one(browse, passwords):
    client = browse("keeper-12")
    old = passwords["keeper-12"]
    wrong = {"old": "no", "new": "short", "again": "other"}
    answer = client.post("/people/password", wrong)
    said = answer.content.decode()
    assert answer.status_code == 422
    for sentence in ("old password is wrong", "not the same twice", "shorter than 10"):
        assert sentence in said
    new = "a long new one 7"
    answer = client.post("/people/password", {"old": old, "new": new, "again": new})
    assert answer.status_code == 302
    assert client.get("/").status_code == 200
    assert browse().post(SIGN_IN, {"name": "keeper-12", "password": new}).status_code == 302
    assert browse().post(SIGN_IN, {"name": "keeper-12", "password": old}).status_code == 422


def test_the_trail_tells_who_came_and_who_was_refused(browse, passwords):
    from ainalym.web.people.models import Trail

    client = browse()
    client.post(SIGN_IN, {"name": "auditor", "password": "wrong"})
    client.post(SIGN_IN, {"name": "auditor", "password": passwords["auditor"]})
    told = Trail.objects.values_list("name", "act", "address")
    assert [*told] == [("auditor", "came in", "127.0.0.1"), ("auditor", "refused", "127.0.0.1")]


def test_passwords_and_keys_are_for_their_owner_only(demo):
    for name in ("secret.key", "first-passwords.txt"):
        assert (demo / name).stat().st_mode & 0o077 == 0
    stored = re.findall(rb"argon2\$argon2id", (demo / "site.sqlite").read_bytes())
    assert len(stored) >= 16


def test_whoever_asks_for_too_much_waits_a_minute(demo):
    from ainalym.web.guard import Meter

    time_s = 0.0
    meter = Meter(3, clock=lambda: time_s)
    assert [meter.over("one") for _ in range(4)] == [False, False, False, True]
    assert not meter.over("other")
    time_s = 61.0
    assert not meter.over("one")


def test_what_a_page_does_not_do_is_said_in_words(browse):
    answer = browse("keeper-12", language="ru").get("/people/sign-out")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Здесь так сделать нельзя" in answer.content.decode()


def test_when_we_are_wrong_people_get_a_sentence_and_no_trace(browse, monkeypatch):
    import io
    import logging

    from ainalym.web.counter import views

    def wrong(*_: object) -> None:
        raise RuntimeError("secret figures")

    screen = io.StringIO()
    monkeypatch.setattr(logging.getLogger("django").handlers[0], "stream", screen)
    monkeypatch.setattr(views, "day_at", wrong)
    answer = browse("keeper-12", language="kk").get("/counter/pt-012/day")
    said = answer.content.decode()
    assert answer.status_code == 500
    assert "Ештеңе жазылған жоқ" in said
    assert "secret" not in said
    assert "secret figures" in screen.getvalue(), "whoever serves has to see it"


def test_tables_are_as_the_code_says(programme):
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
