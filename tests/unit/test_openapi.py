import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from starlette.routing import Route

from notifier import __version__
from notifier.app.channels import MEDIA
from notifier.model.events import TICKET_TYPES, Priority
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.web import document, routes
from notifier.web.api import DELIVERY_PARAMETERS, EVENT_PARAMETERS
from notifier.web.auth import Bearer
from notifier.web.callers import Callers
from notifier.web.health import Health
from notifier.web.metrics import Metrics
from notifier.web.operations import PREVIEW_FIELDS, TEST_FIELDS
from notifier.web.problems import Code
from notifier.web.webhooks import Webhooks
from tests.openapi_check import Mismatch, OpenApiChecker, repository_checker
from tests.unit.web.stubs import Parts

JSON_HEADERS = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}
PROBLEM_HEADERS = JSON_HEADERS | {"content-type": "application/problem+json"}
ALIVE = b'{"status":"alive"}'


@pytest.fixture
def checker() -> OpenApiChecker:
    return OpenApiChecker(document.path())


def schemas() -> dict[str, Any]:
    found: dict[str, Any] = repository_checker().document["components"]["schemas"]
    return found


def test_the_document_is_valid_openapi_3_1() -> None:
    written = yaml.safe_load(document.content())
    validate(written, cls=OpenAPIV31SpecValidator)
    assert written["openapi"].startswith("3.1.")
    assert written["info"]["version"] == __version__
    assert written["info"]["license"]["identifier"] == "Apache-2.0"


def test_the_document_names_no_server_of_anybody() -> None:
    servers = repository_checker().document["servers"]
    assert [server["url"] for server in servers] == ["/"]


def test_the_routes_and_the_document_are_the_same() -> None:
    parts = Parts()
    built = routes.routes(
        Webhooks(parts.intake.find, parts.intake, None, Callers().address, parts.recent),
        parts.v1(),
        Health(parts.ready),
        Bearer([]),
        Metrics(parts.exposition, parts.refused.append),
    )
    served = {
        (method, route.path)
        for route in built
        if isinstance(route, Route)
        for method in route.methods or ()
    }
    assert {one for one in served if one[0] != "HEAD"} == repository_checker().operations
    assert len(built) == len({path for _, path in served})


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ("State", set(State)),
        ("Reason", set(Reason)),
        ("Priority", set(Priority)),
        ("TicketType", TICKET_TYPES),
        ("Code", {code.text for code in Code}),
    ],
)
def test_the_closed_lists_are_those_of_the_code(schema: str, values: set[str]) -> None:
    listed = schemas()[schema]["enum"]
    assert set(listed) == values
    assert len(listed) == len(values)


@pytest.mark.parametrize(
    ("schema", "names"), [("TestMessage", TEST_FIELDS), ("PreviewRequest", PREVIEW_FIELDS)]
)
def test_the_fields_and_channels_of_a_wish_are_those_of_the_code(
    schema: str, names: tuple[str, ...]
) -> None:
    written = schemas()[schema]
    assert set(written["required"]) == written["properties"].keys() == set(names)
    assert written["properties"]["channel"]["enum"] == list(MEDIA)


@pytest.mark.parametrize(
    ("path", "names"), [("/v1/events", EVENT_PARAMETERS), ("/v1/deliveries", DELIVERY_PARAMETERS)]
)
def test_the_parameters_are_those_of_the_code(path: str, names: tuple[str, ...]) -> None:
    checker = repository_checker()
    written = checker.document["paths"][path]["get"]["parameters"]
    assert {checker.resolve(parameter)["name"] for parameter in written} == set(names)


def exampled(node: Any, where: str = "#") -> Iterator[tuple[str, Any, Any]]:
    """Give (where, schema, example) of everything that has both."""
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from exampled(item, f"{where}/{number}")
    if isinstance(node, dict):
        if "schema" in node and "example" in node:
            yield where, node["schema"], node["example"]
        if "schema" in node and "examples" in node:
            for name, example in node["examples"].items():
                yield f"{where}/{name}", node["schema"], example["value"]
        for key, item in node.items():
            yield from exampled(item, f"{where}/{key}")


def test_every_example_is_as_its_schema_has_it() -> None:
    checker = repository_checker()
    found = list(exampled(checker.document))
    for where, schema, example in found:
        checker.validate(schema, example, where)
    assert len(found) > 40


def test_every_body_has_an_example() -> None:
    def bodies(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            yield from node.get("content", {}).values()
            for item in node.values():
                yield from bodies(item)

    for media in bodies(repository_checker().document):
        assert "example" in media or "examples" in media


def test_every_operation_and_parameter_explains_itself() -> None:
    checker = repository_checker()
    operations = [
        operation
        for part in ("paths", "webhooks")
        for item in checker.document[part].values()
        for operation in item.values()
    ]
    for operation in operations:
        assert operation["summary"].endswith(".")
        for parameter in operation.get("parameters", []):
            assert checker.resolve(parameter)["description"].endswith(".")


def test_the_help_desks_side_of_the_webhook_is_described_too() -> None:
    checker = repository_checker()
    operation = checker.document["webhooks"]["ticketEvent"]["post"]
    names = [checker.resolve(parameter)["name"] for parameter in operation["parameters"]]
    assert names == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    assert operation["requestBody"] == checker.document["paths"]["/webhooks"]["post"]["requestBody"]


# The checker itself


def test_a_documented_answer_passes_and_is_remembered(checker: OpenApiChecker) -> None:
    checker.check("GET", "/health/live", 200, JSON_HEADERS, ALIVE)
    checker.check("HEAD", "/health/live", 200, JSON_HEADERS, b"")
    assert checker.seen == {("GET", "/health/live", 200)}


@pytest.mark.parametrize(
    ("status", "change", "body"),
    [
        (201, {}, ALIVE),
        (200, {}, b'{"status":"alive","uptime":7}'),
        (200, {}, b"{}"),
        (200, {}, b'{"status":"dead"}'),
        (200, {}, b'{"status":1.0}'),
        (200, {}, b'{"status":NaN}'),
        (200, {"content-type": "text/plain"}, ALIVE),
        (200, {"cache-control": "public"}, ALIVE),
        (200, {"x-content-type-options": ""}, ALIVE),
    ],
)
def test_an_undocumented_answer_is_a_mismatch(
    checker: OpenApiChecker, status: int, change: dict[str, str], body: bytes
) -> None:
    with pytest.raises(Mismatch):
        checker.check("GET", "/health/live", status, JSON_HEADERS | change, body)


@pytest.mark.parametrize(
    ("request_line", "status", "headers", "code"),
    [
        ("GET /nowhere", 200, {}, "not_found"),
        ("GET /nowhere", 404, {}, "unknown_source"),
        ("GET /v1/events//", 200, {}, "not_found"),
        ("POST /health/live", 405, {}, "method_not_allowed"),
        ("POST /health/live", 405, {"allow": "GET"}, "method_not_allowed"),
        ("POST /webhooks", 429, {}, "too_many_waiting"),
        ("POST /webhooks", 429, {"retry-after": "0"}, "too_many_waiting"),
        ("POST /webhooks", 401, {}, "made_up"),
        ("POST /webhooks/other", 418, {}, "not_found"),
    ],
)
def test_a_wrong_problem_is_a_mismatch(
    checker: OpenApiChecker, request_line: str, status: int, headers: dict[str, str], code: str
) -> None:
    method, path = request_line.split()
    body = problem(status, code)
    with pytest.raises(Mismatch):
        checker.check(method, path, status, PROBLEM_HEADERS | headers, body)


def test_a_problem_says_the_status_it_came_with(checker: OpenApiChecker) -> None:
    with pytest.raises(Mismatch):
        checker.check("GET", "/nowhere", 404, PROBLEM_HEADERS, problem(405, "not_found"))


def test_unknown_addresses_and_methods_are_known_to_be_refused(checker: OpenApiChecker) -> None:
    checker.check("GET", "/nowhere", 404, PROBLEM_HEADERS, problem(404, "not_found"))
    checker.check(
        "DELETE",
        "/v1/events/evt_1",
        405,
        PROBLEM_HEADERS | {"Allow": "GET, HEAD"},
        problem(405, "method_not_allowed"),
    )
    checker.check("HEAD", "/nowhere", 404, PROBLEM_HEADERS, b"")
    assert checker.seen == set()


def problem(status: int, code: str) -> bytes:
    return json.dumps(
        {"type": "about:blank", "title": "-", "status": status, "detail": "-", "code": code}
    ).encode()
