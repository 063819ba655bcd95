"""The schema that a biller's endpoint shows of itself, asked for with the biller's own token."""

from typing import TYPE_CHECKING, Final

from graphql import GraphQLSchema, build_client_schema, get_introspection_query

from admin.contract.uses import ENDPOINTS
from shared.billers.model import Biller
from shared.caselle.protocol import Operation, Reply
from shared.vocabulary.errors import Unavailable

if TYPE_CHECKING:
    from admin.stamp import Stamp

_MOST_BYTES: Final = 32 * 1024 * 1024
"""A whole schema is larger than any other answer."""
_SECONDS: Final = 60


async def schema(stamp: "Stamp", biller: Biller, endpoint: str) -> GraphQLSchema | str:
    """The schema, or why there is none: introspection off, no token, no answer."""
    query = get_introspection_query(descriptions=False)
    operation = Operation("IntrospectionQuery", query, ENDPOINTS[endpoint])
    try:
        reply = await stamp.caselle.client(_SECONDS, _MOST_BYTES).call(biller, operation, {})
    except Unavailable as error:
        return f"Caselle did not answer ({error})"
    return _read(reply)


def _read(reply: Reply) -> GraphQLSchema | str:
    if reply.data and isinstance(reply.data.get("__schema"), dict):
        try:
            return build_client_schema({"__schema": reply.data["__schema"]})
        except (TypeError, ValueError, KeyError) as error:
            return f"what it shows is no whole schema ({type(error).__name__})"
    words = "; ".join(failure.words or failure.code for failure in reply.errors) or f"HTTP {reply.status}"
    return f"introspection is off ({words})"
