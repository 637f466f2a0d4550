"""The page of all routes."""

from collections.abc import Iterator

from ccproxy.api.api import build_api
from ccproxy.dialects import Endpoint
from ccproxy.loader.discovery import discover
from ccproxy.sdk import Contributions
from ccproxy.services.container import ServiceContainer
from reference.markdown import Schema, code, prose, summary, table

_INTRO = """\
# Routes

Where client tokens are set, each route asks for one, as `Authorization: Bearer TOKEN`
or `x-api-key: TOKEN`.
"""
_DATA_PLANE = """\
## Models

Each path also exists behind a provider's name: `/{provider}/v1/...` asks that provider,
`/v1/...` the one that the model's name leads to.
"""


def page() -> str:
    """Write the page."""
    schema = build_api(ServiceContainer()).openapi()
    sections = [
        _INTRO,
        _DATA_PLANE,
        table(("Method", "Path", "Dialect"), _data_plane()),
        "\n## The gateway itself\n",
        table(("Method", "Path", "Meaning", "Answer"), _api(schema)),
        "\n### Parameters\n",
        table(("Path", "Parameter", "Type", "Meaning"), _parameters(schema)),
        "\n## Plugins\n",
        table(("Method", "Path", "Plugin", "Meaning"), _plugins()),
        "\n## Answers",
        *_answers(schema),
    ]
    return "\n".join(sections)


def _data_plane() -> Iterator[tuple[str, str, str]]:
    for endpoint in Endpoint:
        yield "POST", code(f"/v1/{endpoint}"), code(endpoint.dialect)
    yield "WebSocket", code("/v1/responses"), code(Endpoint.RESPONSES.dialect)
    whose = "OpenAI's or Anthropic's, by the client's headers"
    yield "GET", code("/v1/models"), whose
    yield "GET", code("/v1/models/{model}"), whose


def _api(schema: Schema) -> Iterator[tuple[str, str, str, str]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            content = operation["responses"]["200"]["content"]
            meaning = prose(operation["description"])
            yield method.upper(), code(path), meaning, _answer(content)
    yield "GET", code("/api/openapi.json"), "Describe these routes.", "OpenAPI"


def _answer(content: Schema) -> str:
    if "application/json" not in content:
        return ", ".join(map(code, content))
    name = _name(content["application/json"]["schema"])
    return f"[{name}](#{name.lower()})"


def _parameters(schema: Schema) -> Iterator[tuple[str, str, str, str]]:
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            for each in operation.get("parameters", ()):
                if each["in"] == "query":
                    meaning = prose(each.get("description"))
                    kind = _type(each["schema"])
                    yield code(path), code(each["name"]), kind, meaning


def _plugins() -> Iterator[tuple[str, str, str, str]]:
    for found in discover():
        plugin = found.load()
        adds = Contributions()
        plugin(plugin.manifest.config()).setup(adds)
        for route in adds.routing:
            methods = ", ".join(route.methods)
            yield methods, code(route.path), found.name, summary(route.handle)


def _answers(schema: Schema) -> Iterator[str]:
    for name, model in sorted(schema["components"]["schemas"].items()):
        yield f"\n### {name}\n\n{prose(model.get('description'))}\n"
        if "enum" in model:
            yield ", ".join(map(code, model["enum"]))
        else:
            rows = [
                (code(key), _type(value), prose(value.get("description")))
                for key, value in model["properties"].items()
            ]
            yield table(("Key", "Type", "Meaning"), rows)


def _type(value: Schema) -> str:
    if "$ref" in value:
        return f"[{_name(value)}](#{_name(value).lower()})"
    if "anyOf" in value:
        return " or ".join(map(_type, value["anyOf"]))
    if value.get("type") == "array":
        return f"list of {_type(value['items'])}"
    return str(value.get("type", "anything"))


def _name(reference: Schema) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name
