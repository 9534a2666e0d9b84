"""The description: the API as OpenAPI says it. Paths and types come from the calls; here is what concerns them all."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from discovery_pipeline.web.members import MEMBERS
from discovery_pipeline.web.problems import MEDIA_TYPE, Problem
from discovery_pipeline.web.security import ACCOUNT, API, ENGAGEMENT

TITLE = "discovery_pipeline"
SUMMARY = "Finds out what the data really is before a migration: profile, mapping, cleansing, validation, delivery."
TEXT = """\
A **flow** takes the files of one export, finds out what is in them, suggests how to map them to a target system, and,
once somebody has approved a mapping, cleanses, validates and delivers the target's files.

1. `POST …/flow/initialize` begins a flow.
2. `POST …/upload/{flow_id}` brings files; a run on them begins at once.
3. `GET …/preview/{flow_id}` waits for the suggestions; `POST …/submit` approves a mapping, as it stands or changed.
4. `GET …/flow/status/{flow_id}`, or its events, say how the run goes; then results and files are there.

**Who asks.** Every call below `/api/` takes a token (`discovery token create`) and says for which engagement it is.
Looked at in this order: the token (401), the headers (400), the membership and role (403), then what is asked for
(404). A viewer reads, with what is personal as initials; a reviewer begins flows, uploads, maps, and keeps profiles and
targets; an admin manages.

**What goes wrong** is a problem (RFC 9457): `detail` says what happened and what to do, `errors` lists each single
error.

**Doing it once.** Sent again with its `Idempotency-Key` within a day, a request gets its first answer. Uploading the
same bytes, or submitting the same mapping, gives the first answer without a key.

**Not overwriting others.** A flow's `version` is its `ETag`. Send it as `If-Match`, or as `version`: where the flow
moved on, nothing is changed (412, or 409 with what changed).
"""
TAGS = [
    {"name": "Engagements", "description": "What the caller may work on."},
    {"name": "Systems", "description": "Where data comes from and where it goes; contracts of one's own."},
    {"name": "Flows", "description": "Begin, list, look, retry, cancel, archive, follow."},
    {"name": "Uploads", "description": "Files, streamed to the disk."},
    {"name": "Field mapping", "description": "What is suggested, and what is to be delivered."},
    {"name": "Review", "description": "Drafts that reviewers share until a mapping is submitted."},
    {"name": "Cleansing", "description": "What was changed, what to correct, and the run that follows decisions."},
    {"name": "Mapping profiles", "description": "Mappings kept under a name, for the next export of the same kind."},
    {"name": "Results", "description": "What was found, and the delivered files."},
    {"name": "Health", "description": "For machines that watch over the service. No token, no engagement."},
]
PARAMETERS = {
    "limit": "how many a page has at most",
    "offset": "how many to pass over: those of the pages before",
    "table": "a source table",
    "column": "a column of a source table",
    "target_system": "one of the flow's targets; left out: the first, or all where several are listed",
}
"""What a parameter of that name is, where its call says nothing else of it."""
ANSWERED = "Successful Response"
"""FastAPI's words where a call has none of its own."""
AGAIN = {"Retry-After": {"description": "seconds after which to ask again", "schema": {"type": "integer"}}}
"""A header of the answers that say when."""
WAITING = ("202", "429", "503")
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "of `discovery token create`, or of the OIDC issuer"},
    "account": {"type": "apiKey", "in": "header", "name": ACCOUNT, "description": "number of the client account"},
    "engagement": {"type": "apiKey", "in": "header", "name": ENGAGEMENT, "description": "number of the engagement"},
}


def named(call: APIRoute) -> str:
    """What programs made from the description call it: where it belongs, and its function's name."""
    group = str(call.tags[0]) if call.tags else "page"
    return f"{group.lower().replace(' ', '_')}_{call.name}"


def describe(app: FastAPI) -> None:
    """Have the app describe itself so."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(
                get_openapi(
                    title=TITLE,
                    version=metadata.version("discovery-pipeline"),
                    summary=SUMMARY,
                    description=TEXT,
                    tags=TAGS,
                    routes=app.routes,
                )
            )
        return app.openapi_schema

    app.openapi = described


def _completed(said: dict[str, Any]) -> dict[str, Any]:
    parts = said.setdefault("components", {})
    parts["securitySchemes"] = SCHEMES
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model, schema in schemas.items():
        for name, member in schema.get("properties", {}).items():
            _say_what_is_meant(model, name, member, schemas)
    for path, calls in said["paths"].items():
        for call in calls.values():
            if path.startswith(API):
                call["security"] = [{scheme: [] for scheme in SCHEMES}]
            _without_fastapis_own(call["responses"])
            for status, response in call["responses"].items():
                _say_what_it_is(response, schemas)
                if path.startswith(API) and status in WAITING:
                    response.setdefault("headers", AGAIN)
            for parameter in call.get("parameters", ()):
                _never_null(parameter["schema"])
                if said_of := PARAMETERS.get(parameter["name"]):
                    parameter.setdefault("description", said_of)
    return said


def _say_what_is_meant(model: str, name: str, member: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """What a member is: as its model says, else by the model that it holds, else by its name."""
    if "description" in member or "const" in member:
        return
    kinds = [member, member.get("items", {}), *member.get("anyOf", ())]
    held = (kind["$ref"].rpartition("/")[2] for kind in kinds if "$ref" in kind)
    whole = (schemas[one].get("description", "").partition("\n\n")[0].replace("\n", " ") for one in held)
    by_name = MEMBERS.get(f"{model}.{name}") or next(filter(None, whole), None) or MEMBERS.get(name)
    if by_name:
        member["description"] = by_name


def _say_what_it_is(response: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """What an answer is, by what its model says of itself."""
    if response["description"] == ANSWERED:
        schema = next((said.get("schema", {}) for said in response.get("content", {}).values()), {})
        model = schema.get("items", schema).get("$ref", "").rpartition("/")[2]
        told = schemas.get(model, {}).get("description", "Done.")
        response["description"] = told.partition("\n\n")[0].replace("\n", " ")


def _never_null(schema: dict[str, Any]) -> None:
    """An optional parameter is there or isn't. FastAPI says that it may be null, which would be sent as a word."""
    kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        schema |= kinds[0]
    elif kinds:
        schema["anyOf"] = kinds


def _without_fastapis_own(responses: dict[str, Any]) -> None:
    """FastAPI writes its own form of a 422 where none is said; ours is a problem."""
    there = responses.get("422", {}).get("content", {})
    if there.get("application/json", {}).get("schema", {}).get("$ref", "").endswith("HTTPValidationError"):
        problem = {"$ref": "#/components/schemas/Problem"}
        responses["422"] = {
            "description": "What was sent can't be taken",
            "content": {MEDIA_TYPE: {"schema": problem}},
        }
