"""An executable GraphQL schema that parses and validates each distinct document once."""

import logging
from functools import lru_cache
from typing import Any, Final

from ariadne import SchemaBindable, make_executable_schema
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from local.simulator.answers import Refusal, RequestError
from local.simulator.books import Biller

_DOCUMENTS: Final = 256
_LOG: Final = logging.getLogger(__name__)


class Schema:
    """One executable schema; its resolvers are synchronous and find the biller in ``info.context``."""

    def __init__(self, sdl: str, *resolvers: SchemaBindable) -> None:
        self._schema = make_executable_schema(sdl, *resolvers)
        self._validated = lru_cache(_DOCUMENTS)(self._validate)

    def execute(
        self, query: str, variables: dict[str, Any] | None, operation_name: str | None, biller: Biller
    ) -> dict[str, Any]:
        """The answer with ``data`` and, if any, ``errors``; no other request runs meanwhile.

        Raises:
            RequestError: nothing was executed: syntax, validation, operation name or variables.
        """
        document = self._validated(query)
        if not biller.switches.introspection and validate(self._schema, document, [NoSchemaIntrospectionCustomRule]):
            raise RequestError(400, "GRAPHQL_VALIDATION_FAILED", "GraphQL introspection is not allowed.")
        if get_operation_ast(document, operation_name) is None:
            raise RequestError(400, "OPERATION_RESOLUTION_FAILURE", "operationName does not name one operation.")
        result = execute_sync(
            self._schema, document, context_value=biller, variable_values=variables, operation_name=operation_name
        )
        if not result.errors:
            return {"data": result.data}
        if result.data is None and not any(error.path for error in result.errors):
            raise RequestError(400, "BAD_USER_INPUT", *(error.message for error in result.errors))
        return {"data": result.data, "errors": [_formatted(error) for error in result.errors]}

    def _validate(self, query: str) -> DocumentNode:
        document = _parsed(query)
        if errors := validate(self._schema, document):
            raise RequestError(400, "GRAPHQL_VALIDATION_FAILED", *(error.message for error in errors))
        return document


def operations(query: str, operation_name: str | None) -> list[str]:
    """The root fields that a request asks for, such as create_receipt; ``unreadable`` where there is no telling."""
    try:
        operation = get_operation_ast(_parsed(query), operation_name)
    except RequestError:
        operation = None
    selections = operation.selection_set.selections if operation else ()
    return [field.name.value for field in selections if isinstance(field, FieldNode)] or ["unreadable"]


@lru_cache(_DOCUMENTS)
def _parsed(query: str) -> DocumentNode:
    try:
        return parse(query)
    except GraphQLSyntaxError as error:
        raise RequestError(400, "GRAPHQL_PARSE_FAILED", error.message) from None


def _formatted(error: GraphQLError) -> dict[str, Any]:
    if isinstance(error.original_error, Refusal):
        return dict(error.formatted)
    _LOG.error("a resolver failed", exc_info=error.original_error)
    return {"message": "Internal error.", "path": error.path, "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
