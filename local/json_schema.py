"""How JSON Schemas are written from the models."""

from pydantic.json_schema import GenerateJsonSchema


class Plain(GenerateJsonSchema):
    """Without titles, which would only repeat the fields' names."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        return False
