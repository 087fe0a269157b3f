"""A client that knows nothing but where the server is: it reads the OpenAPI document, asks for everything in it with the
examples that stand there, and holds each answer against what was told of it. Needs Python's own library only."""

import datetime
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

base = sys.argv[1].rstrip("/")


def ask(method, path, query=None, body=None, headers=None):
    url = base + path + ("?" + urllib.parse.urlencode(query) if query else "")
    headers = dict(headers or {})
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers, answer.read()


def media(headers):
    return headers.get("Content-Type", "").split(";")[0].strip()


api = json.loads(ask("GET", "/api/openapi.json")[2])
assert api["openapi"].startswith("3.1"), api["openapi"]


def resolved(schema):
    while "$ref" in schema:
        found = api
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


def is_a(value, kind):
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[kind])


def wrong(value, schema, at="$"):
    """Where a value is not as its schema says, as sentences."""
    schema = resolved(schema)
    found = []
    kinds = schema.get("type")
    if kinds is not None:
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if not any(is_a(value, kind) for kind in kinds):
            return [f"{at} is no {' or '.join(kinds)}: {value!r:.200}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} is none of {schema['enum']}: {value!r}")
    for choice in ("oneOf", "anyOf"):
        if choice in schema and all(wrong(value, one, at) for one in schema[choice]):
            found.append(f"{at} fits none of {choice}: {value!r:.200}")
    for one in schema.get("allOf", []):
        found += wrong(value, one, at)
    if isinstance(value, dict):
        told = schema.get("properties", {})
        found += [f"{at} has no {name}" for name in schema.get("required", []) if name not in value]
        for name, of in told.items():
            if name in value:
                found += wrong(value[name], of, f"{at}.{name}")
        if schema.get("additionalProperties") is False:
            found += [f"{at} has {name}, which is not told" for name in value if name not in told]
    if isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            found += wrong(item, schema["items"], f"{at}[{place}]")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at} is not written as {schema['pattern']}: {value!r}")
    return found


def held(where, answer, responses, status=None):
    """Holds an answer against what is told of answers; gives its document, if it is JSON."""
    got, headers, body = answer
    if status is not None:
        assert got == status, f"{where}: {got} and not {status}: {body[:500]}"
    assert got < 500, f"{where}: {got}: {body[:500]}"
    told = responses.get(str(got)) or responses["default"]
    kinds = told["content"]
    kind = media(headers)
    assert kind in kinds, f"{where}: {kind} is not told, but {list(kinds)}"
    if kind.endswith("json"):
        document = json.loads(body)
        trouble = wrong(document, kinds[kind].get("schema", {}))
        assert not trouble, f"{where}: {trouble}"
        if got >= 400:
            assert document["status"] == got, f"{where}: {document}"
        return document
    return None


def parameters(item, operation, place):
    both = item.get("parameters", []) + operation.get("parameters", [])
    return [one for one in map(resolved, both) if one["in"] == place]


def example(one):
    if "example" in one:
        return one["example"]
    return one.get("schema", {}).get("example")


def plain(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def of_schema(schema):
    """A body of the examples of its fields: all of them, and those that must be there."""
    schema = resolved(schema)
    told = {name: resolved(of) for name, of in schema["properties"].items()}
    whole = {name: of["example"] for name, of in told.items() if "example" in of}
    return whole, {name: whole[name] for name in schema.get("required", [])}


done = {"GET": 0, "POST": 0, "asked": 0, "parts": 0}
for path, item in api["paths"].items():
    for method in ("get", "post"):
        if method not in item:
            continue
        operation, verb = item[method], method.upper()
        where, responses = f"{verb} {path}", operation["responses"]
        names = {one["name"]: plain(example(one)) for one in parameters(item, operation, "path")}
        address = re.sub(r"\{(\w+)\}", lambda found: urllib.parse.quote(names[found[1]], safe=""), path)
        query = parameters(item, operation, "query")
        for one in query + parameters(item, operation, "path"):
            if example(one) is not None:
                trouble = wrong(example(one), one["schema"], one["name"])
                assert not trouble, f"{where}: the example of {one['name']}: {trouble}"
        some = {one["name"]: plain(example(one)) for one in query if example(one) is not None}
        must = {one["name"]: some[one["name"]] for one in query if one.get("required")}
        done[verb] += 1

        if verb == "GET":
            for kind in responses["200"]["content"]:
                answer = ask("GET", address, some, headers={"Accept": kind})
                document = held(f"{where} with examples as {kind}", answer, responses, 200)
                assert media(answer[1]) == kind, f"{where}: asked for {kind}"
                tag = answer[1].get("ETag")
                again = ask("GET", address, some, headers={"Accept": kind, "If-None-Match": tag or '"none"'})
                if tag and answer[1].get("Cache-Control") != "no-store":
                    assert again[0] in (200, 304), f"{where}: {again[0]}"
                    if again[0] == 304:
                        assert not again[2], f"{where}: 304 with a body"
                    else:
                        assert again[1].get("ETag") != tag, f"{where}: the same again"
                done["asked"] += 2
                head = ask("HEAD", address, some, headers={"Accept": kind})
                assert (head[0], head[2]) == (200, b""), f"{where}: HEAD {head}"
            held(f"{where} alone", ask("GET", address, must), responses)
            refused = ask("GET", address, {**must, "no_such_word": "1"})
            held(f"{where} with an unknown word", refused, responses, 400)
            done["asked"] += 3
            if any(one["name"] == "cursor" for one in query):
                cursor, seen = None, set()
                for _ in range(200):
                    asked = {**must, "limit": "1", **({"cursor": cursor} if cursor else {})}
                    asked.update({name: some[name] for name in ("entity",) if name in some})
                    document = held(f"{where} by parts", ask("GET", address, asked), responses, 200)
                    done["parts"] += 1
                    cursor = document["next"]
                    if cursor is None:
                        break
                    assert cursor not in seen, f"{where}: {cursor} again"
                    seen.add(cursor)
                else:
                    raise AssertionError(f"{where}: there is no end of parts")
        else:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            for body in of_schema(schema):
                trouble = wrong(body, schema)
                assert not trouble, f"{where}: the example: {trouble}"
                held(f"{where} {body}", ask("POST", address, some, body), responses, 200)
            more = ask("POST", address, some, {**body, "no_such_field": 1})
            held(f"{where} with an unknown field", more, responses, 400)
            got = ask("PUT", address, some, body)
            assert got[0] == 405 and "POST" in got[1].get("Allow", ""), f"{where}: PUT {got}"
            done["asked"] += 4

# Dates as patterns have them are those that there are.
pattern = next(
    one["schema"]["pattern"]
    for one in api["paths"]["/api/days"]["get"]["parameters"]
    if one["name"] == "cursor"
)
day, end = datetime.date(1000, 1, 1), datetime.date(3000, 1, 1)
fits = re.compile(pattern)
while day < end:
    assert fits.search(day.isoformat()), day
    day += datetime.timedelta(days=1)
for no_day in ("2025-02-29", "1900-02-29", "2100-02-29", "2025-04-31", "2025-13-01", "2025-01-32", "2025-00-10", "2025-1-1"):
    assert not fits.search(no_day), no_day

print(json.dumps(done))
