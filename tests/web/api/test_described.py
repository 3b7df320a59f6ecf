"""The description is held to what the API does, by a program that tries everything it says."""

import pytest

from tests.web.api.told import deeds, ticket

TRIES = 12
"""Of each address; what they are is the same every time."""

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")


def test_every_address_says_how_it_may_refuse(browse):
    said = browse().get("/api/v1/openapi.json").json()
    assert len(said["paths"]) > 20
    for ways in said["paths"].values():
        for operation in ways.values():
            for status in ("401", "404", "409", "422", "429", "503"):
                content = operation["responses"][status]["content"]
                assert [*content] == ["application/problem+json"]
    kinds = said["components"]["schemas"]["Deeds"]["properties"]["deeds"]["items"]["oneOf"]
    assert {one["title"] for one in kinds} >= {"ticket", "arrival", "change", "sale", "close"}


def test_whatever_is_sent_the_answer_is_as_described(program):
    from django.core.wsgi import get_wsgi_application
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import checks

    assert program("keeper-3").post("/deeds", deeds(ticket())).status_code == 201
    department = program("department")
    said = {"Authorization": department.said["HTTP_AUTHORIZATION"], "Host": "localhost"}
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", get_wsgi_application(), headers=said
    )
    held = [
        checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    tried = set()
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=TRIES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        @given(case=operation.as_strategy())
        def send(case) -> None:
            case.call_and_validate(headers=said, checks=held)
            tried.add((case.method, case.path))

        send()
    assert len(tried) > 25
    assert department.get("/verify").json()["whole"]
