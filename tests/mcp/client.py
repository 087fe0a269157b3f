"""Lists and calls every tool by the official client, and holds each answer against its schema."""

import asyncio
import json
import sys

import httpx2
import jsonschema
from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

ARGUMENTS = {
    "list_days": {"limit": 1},
    "get_day": {"when": "latest"},
    "compare": {"a": "latest", "b": "latest~1"},
    "drift": {},
    "series": {"metric": "calls"},
    "growth": {"days": 1, "top": 2},
    "entity_list": {"since": "2025-11-05"},
    "entity_history": {"key": "5"},
    "entity_context": {"key": "5", "question": "How was it last week?"},
    "capture": {"keys": ["5"], "reason": "a test"},
}


async def main():
    way, mode, where, last = sys.argv[1:5]
    if way == "stdio":
        server = StdioServerParameters(command=where, args=["mcp", "--allow-capture"], env={"ASOF_NOW": last})
    else:
        http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {last}"})
        server = streamable_http_client(where, http_client=http)
    async with Client(server, mode=mode) as client:
        told = {
            "server": client.server_info.name,
            "instructions": "Name the dates" in client.instructions,
            "called": {},
        }
        for tool in (await client.list_tools()).tools:
            jsonschema.Draft202012Validator.check_schema(tool.input_schema)
            jsonschema.Draft202012Validator.check_schema(tool.output_schema)
            jsonschema.validate(ARGUMENTS[tool.name], tool.input_schema)
            for name, schema in tool.input_schema["properties"].items():
                for example in schema["examples"]:
                    jsonschema.validate(example, schema)
            result = await client.call_tool(tool.name, ARGUMENTS[tool.name])
            sound = True
            try:
                jsonschema.validate(result.structured_content, tool.output_schema)
            except jsonschema.ValidationError as error:
                sound = str(error)[:2000]
            cites = result.structured_content["cites"]
            told["called"][tool.name] = {
                "error": result.is_error,
                "sound": sound,
                "cites": bool(cites) and all(cite["digest"] and cite["date"] in result.content[0].text for cite in cites),
            }
        wrong = await client.call_tool("get_day", {"when": "someday"})
        told["wrong"] = wrong.is_error and "names no day" in wrong.content[0].text
        told["resources"] = [str(one.uri) for one in (await client.list_resources()).resources]
        told["templates"] = [one.uri_template for one in (await client.list_resource_templates()).resource_templates]
        day = await client.read_resource("asof://days/latest")
        told["calls"] = json.loads(day.contents[0].text)["metrics"]["calls"]["value"]
        print(json.dumps(told))


asyncio.run(main())
