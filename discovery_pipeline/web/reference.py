"""The reference: the API's description as a page, drawn here. Nothing is fetched from elsewhere to read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from discovery_pipeline.web.problems import MEDIA_TYPE, every_kind

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parent / "reference_page"
DEEPEST = 4
"""How far fields of fields are listed."""
Schemas = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A parameter, or a field of a body."""

    name: str
    type: str
    required: bool
    text: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One status that a call may end with."""

    status: str
    text: str
    fields: tuple[Line, ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what it takes, what it gives."""

    id: str
    method: str
    path: str
    text: str
    parameters: tuple[Line, ...]
    body: tuple[Line, ...]
    body_type: str
    curl: str
    answer: Answer
    refusals: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The calls under one heading."""

    name: str
    text: str
    calls: tuple[Call, ...]


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The reference as a page."""
    said = request.app.openapi()
    page = _page().render(
        info=said["info"],
        groups=groups(said),
        kinds=every_kind(),
        problem=tuple(_fields(said["components"]["schemas"]["Problem"], said["components"]["schemas"])),
    )
    return HTMLResponse(page, headers={"Cache-Control": "max-age=300"})


@router.get("/docs/reference.css")
async def style() -> FileResponse:
    """How it looks."""
    return FileResponse(FOLDER / "reference.css", media_type="text/css")


def groups(said: Mapping[str, Any]) -> tuple[Group, ...]:
    """The calls of a description, by tag, in its order."""
    schemas = said["components"]["schemas"]
    every = [
        (call["tags"][0], _call(path, method, call, schemas))
        for path, calls in said["paths"].items()
        for method, call in calls.items()
    ]
    return tuple(
        Group(tag["name"], tag["description"], tuple(call for name, call in every if name == tag["name"]))
        for tag in said["tags"]
        if any(name == tag["name"] for name, _ in every)
    )


def _call(path: str, method: str, call: Mapping[str, Any], schemas: Schemas) -> Call:
    content = call.get("requestBody", {}).get("content", {})
    body_type, body = next(((kind, said["schema"]) for kind, said in content.items()), ("", {}))
    answers = {status: _answer(status, said, schemas) for status, said in call["responses"].items()}
    good = next(answer for status, answer in answers.items() if status.startswith("2"))
    return Call(
        id=call["operationId"],
        method=method.upper(),
        path=path,
        text=call.get("description", ""),
        parameters=tuple(_parameter(said, schemas) for said in call.get("parameters", ())),
        body=tuple(_fields(body, schemas)),
        body_type=body_type,
        curl=_curl((path, method), call, body_type, _example(body, schemas)),
        answer=good,
        refusals=tuple(answer for answer in answers.values() if answer is not good),
    )


def _parameter(said: Mapping[str, Any], schemas: Schemas) -> Line:
    schema = said["schema"]
    text = said.get("description") or schema.get("description", "")
    return Line(said["name"], _type(schema, schemas), said.get("required", False), text, said["in"])


def _answer(status: str, said: Mapping[str, Any], schemas: Schemas) -> Answer:
    content = said.get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if MEDIA_TYPE in content or not schema:
        return Answer(status, said["description"])
    example = json.dumps(_example(schema, schemas), indent=2, ensure_ascii=False)
    return Answer(status, said["description"], tuple(_fields(schema, schemas)), example)


def _fields(schema: Mapping[str, Any], schemas: Schemas, before: str = "", depth: int = 0) -> Iterator[Line]:
    """The fields of a body, those of its parts after a dot."""
    whole = _resolved(schema, schemas)
    if whole.get("type") == "array":
        yield from _fields(whole.get("items", {}), schemas, f"{before}[]", depth)
        return
    for name, part in whole.get("properties", {}).items():
        place = f"{before}.{name}" if before else name
        text = part.get("description") or _resolved(part, schemas).get("description", "")
        yield Line(place, _type(part, schemas), name in whole.get("required", ()), text.partition("\n\n")[0])
        if depth < DEEPEST:
            yield from _fields(part, schemas, place, depth + 1)
    more = whole.get("additionalProperties")
    if isinstance(more, Mapping) and depth < DEEPEST:
        yield from _fields(more, schemas, f"{before}.*", depth + 1)


def _resolved(schema: Mapping[str, Any], schemas: Schemas) -> Mapping[str, Any]:
    """The schema itself, without references and the null of what may be left out."""
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    parts = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
    return _resolved(parts[0], schemas) if len(parts) == 1 else schema


def _type(schema: Mapping[str, Any], schemas: Schemas) -> str:
    whole = _resolved(schema, schemas)
    if "enum" in whole:
        said = " | ".join(map(str, whole["enum"]))
    elif "const" in whole:
        said = str(whole["const"])
    elif whole.get("type") == "array":
        said = f"{_type(whole.get('items', {}), schemas)}[]"
    elif whole.get("contentMediaType") or whole.get("format") == "binary":
        said = "file"
    else:
        said = whole.get("format") or whole.get("type") or "any"
    nullable = any(part.get("type") == "null" for part in schema.get("anyOf", ()))
    return f"{said} | null" if nullable else said


def _example(schema: Mapping[str, Any], schemas: Schemas, depth: int = 0) -> Any:  # noqa: PLR0911 - one answer for each type
    whole = _resolved(schema, schemas)
    for said in (schema, whole):
        if said.get("examples"):
            return said["examples"][0]
    if "default" in schema:
        return schema["default"]
    if "enum" in whole:
        return whole["enum"][0]
    if "const" in whole:
        return whole["const"]
    match whole.get("type"):
        case "object":
            shown = whole.get("properties", {}) if depth <= DEEPEST else {}
            return {name: _example(part, schemas, depth + 1) for name, part in shown.items()}
        case "array":
            return [_example(whole.get("items", {}), schemas, depth + 1)] if depth <= DEEPEST else []
        case "integer" | "number":
            return whole.get("minimum", 1)
        case "boolean":
            return False
    return {"date-time": "2026-01-31T09:30:00Z", "uuid": "9f3c01ab-5d1e-4c1f-9f55-0c6f0d4d5a11"}.get(
        whole.get("format", ""), "…"
    )


def _curl(place: tuple[str, str], call: Mapping[str, Any], body_type: str, example: Any) -> str:
    """The call as a line for a shell, with $TOKEN and the like."""
    path, method = place
    address = re.sub(r"\{flow_id\}", "$FLOW", path)
    for said in call.get("parameters", ()):
        if said["in"] == "path" and said.get("schema", {}).get("examples"):
            address = address.replace(f"{{{said['name']}}}", str(said["schema"]["examples"][0]))
    lines = ["curl" if method == "get" else f"curl -X {method.upper()}"]
    if call.get("security"):
        lines.append(
            '-H "Authorization: Bearer $TOKEN" -H "X-Client-Account-ID: $ACCOUNT" -H "X-Engagement-ID: $ENGAGEMENT"'
        )
    if body_type.startswith("multipart"):
        lines.append("-F file=@servers.csv")
    elif body_type:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d '{json.dumps(example, ensure_ascii=False)}'")
    return " \\\n  ".join([*lines, f'"$URL{address}"'])


def shown(text: str) -> Markup:
    """Paragraphs, lists, `code` and **bold** of a docstring as HTML."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.split("\n")
        steps = [re.sub(r"^\d+\. ", "", line) for line in lines]
        if all(re.match(r"\d+\. ", line) for line in lines):
            blocks.append(f"<ol>{''.join(f'<li>{_inline(step)}</li>' for step in steps)}</ol>")
        else:
            blocks.append(f"<p>{_inline(block)}</p>")
    return Markup("".join(blocks))  # noqa: S704 - every part is escaped


def _inline(text: str) -> str:
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", safe)


@lru_cache(maxsize=1)
def _page() -> Any:
    loader = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    loader.filters["shown"] = shown
    return loader.get_template("reference.html.j2")
