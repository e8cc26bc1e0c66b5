"""Bodies that are read and checked in one go, for those that hold a thousand things at once.

A framework makes Python objects of the whole JSON text first, and checks those. pydantic checks while it reads, which
takes half the time, and none of those objects is left for the garbage collector to look at.
"""

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema
from starlette.requests import Request


class UnreadRequest(Request):
    """A request that hands its JSON over as it came. Only for routes whose body is annotated with `Unread`."""

    async def json(self) -> bytes:
        """Return the text, unread."""
        return await self.body()


class Unread:
    """Annotates a body: it arrives as JSON text. The document describes it as any other body."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read, and check while reading; what is wrong is told as of any other body."""
        return core_schema.json_schema(handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe what is in the text."""
        told = handler(schema)
        content = told.get("contentSchema", told)
        assert isinstance(content, dict)  # noqa: S101 - a schema is an object
        return content
