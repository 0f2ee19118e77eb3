"""The door's own description, served as `/openapi.json`; `tests/links/test_openapi.py` holds it true."""

from __future__ import annotations

from typing import Any

from console.links.intake import LONGEST
from console.model.incident import DATUMS, GRADES, SOURCES


def _text(longest: int) -> dict[str, Any]:
    return {"type": ["string", "null"], "description": f"cut after {longest} characters"}


def _answer(words: str, schema: str | None = None) -> dict[str, Any]:
    if schema is None:
        return {"description": words}
    return {"description": words, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def openapi() -> dict[str, Any]:
    """OpenAPI 3.1 of the HTTP half; the WebSocket half is described in words, as OpenAPI has none for it."""
    identifier = {
        "type": "string", "minLength": 1, "maxLength": 64, "description": "none of / + # \\ or control characters, not . or ..",
    }  # fmt: skip
    incident = {
        "type": "object",
        "required": ["source", "source_id", "at", "title"],
        "properties": {
            "source": {"type": "string", "enum": list(SOURCES), "description": "must be the token's own"},
            "source_id": {**identifier, "description": f"the sender's own number; {identifier['description']}"},
            "at": {"type": "string", "format": "date-time", "description": "ISO-8601 with offset"},
            "title": {"type": "string", "minLength": 1, "description": f"cut after {LONGEST['title']} characters"},
            "kind": {"type": ["string", "null"], "default": "other"},
            "grade": {"enum": [*GRADES, None]},
            "lon": {"type": ["number", "null"]},
            "lat": {"type": ["number", "null"], "description": "unusable positions are kept in words: never a reason to refuse"},
            "datum": {"enum": [*DATUMS, None], "default": "wgs84"},
            **{field: _text(LONGEST[field]) for field in ("pole", "place", "address", "caller", "note")},
        },
    }
    error = {
        "type": "object",
        "required": ["error"],
        "properties": {name: {"type": "string"} for name in ("error", "field", "what", "todo", "code")},
    }
    kept = {
        "type": "object",
        "required": ["incident", "duplicate_of"],
        "properties": {"incident": {"type": "string"}, "duplicate_of": {"type": ["string", "null"]}},
    }
    enrolment = {"type": "object", "required": ["unit", "code"], "properties": {"unit": identifier, "code": {"type": "string"}}}
    key = {"type": "object", "required": ["unit", "key"], "properties": {"unit": identifier, "key": {"type": "string"}}}
    refusals = {
        "400": _answer("not usable; `field` names what", "Error"), "403": _answer("our rules say no", "Error"),
        "429": _answer("too many; see Retry-After", "Error"), "500": _answer("our mistake", "Error"),
        "503": _answer("cannot be stored now: send again", "Error"),
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "liandong door", "version": "1",
            "description": "Incidents in, terminals on `/v1/terminal` (WebSocket, JSON text): first message within 5 s "
            '`{"type":"hello","unit":…,"key":…}`, answered `{"type":"welcome"}` and every open order, else closed with 4401.',
        },
        "components": {
            "securitySchemes": {"source": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Incident": incident, "Kept": kept, "Error": error, "Enrolment": enrolment, "Key": key},
        },
        "paths": {
            "/v1/incidents": {"post": {
                "summary": "Report an incident; the same source and source_id again is the same incident",
                "security": [{"source": []}],
                "requestBody": {
                    "required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Incident"}}},
                },
                "responses": {
                    "201": _answer("stored", "Kept"), "200": _answer("known already", "Kept"),
                    "401": _answer("no valid token", "Error"), "408": _answer("the body came too slowly", "Error"),
                    "413": _answer("over 1 MB", "Error"), **refusals,
                },
            }},
            "/v1/enrol": {"post": {
                "summary": "Spend a one-time code for a device key, while an enrolment is open",
                "security": [],
                "requestBody": {
                    "required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Enrolment"}}},
                },
                "responses": {"201": _answer("the key, shown once", "Key"), **refusals},
            }},
            "/": {"get": {"summary": "The terminal's page for phones", "security": [], "responses": {"200": _answer("HTML")}}},
        },
    }  # fmt: skip
