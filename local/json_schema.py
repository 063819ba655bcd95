"""How JSON Schemas are written from the models."""

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import WithDefaultSchema


class Plain(GenerateJsonSchema):
    """Without titles, which would only repeat the fields' names."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        """A field that may be left out of a message may be null as well."""
        written = super().default_schema(schema)
        if self.mode != "validation" or written.get("default") is None:
            return written
        default = written.pop("default")
        return {"anyOf": [written, {"type": "null"}], "default": default}
