"""Error codes that GraphQL servers give by themselves, and the row of the catalogue that each stands for.

Nobody says which server Caselle runs. These were read in the sources named; a code that is in none stays unlisted.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

_TOKEN: Final = "UNAUTHENTICATED"  # noqa: S105 - a code
_PARSE: Final = "GRAPHQL_PARSE_FAILED"
_VALIDATION: Final = "GRAPHQL_VALIDATION_FAILED"
_THROTTLED: Final = "THROTTLED"


class Server(NamedTuple):
    """One server's own codes, each with the catalogue's; ``source``: repository and files."""

    name: str
    source: str
    codes: Mapping[str, str]


SERVERS: Final = (
    Server(
        "Hot Chocolate",
        "ChilliCream/graphql-platform: ErrorCodes.cs, DefaultAuthorizationHandler.cs",
        {
            "AUTH_NOT_AUTHENTICATED": _TOKEN,
            # Its handler says so of nobody, too: a token that does not count leaves nobody.
            "AUTH_NOT_AUTHORIZED": _TOKEN,
            "HC0011": _PARSE,
            "HC0014": _PARSE,
        },
    ),
    Server(
        "GraphQL.NET",
        "graphql-dotnet/graphql-dotnet: SyntaxError.cs, ValidationError.cs, Validation/Errors",
        {
            "SYNTAX_ERROR": _PARSE,
            # Made from the names of the classes.
            "ARGUMENTS_OF_CORRECT_TYPE": _VALIDATION,
            "FIELDS_ON_CORRECT_TYPE": _VALIDATION,
            "KNOWN_ARGUMENT_NAMES": _VALIDATION,
            "KNOWN_TYPE_NAMES": _VALIDATION,
            "PROVIDED_NON_NULL_ARGUMENTS": _VALIDATION,
            "SCALAR_LEAFS": _VALIDATION,
            "VARIABLES_ARE_INPUT_TYPES": _VALIDATION,
            "VARIABLES_IN_ALLOWED_POSITION": _VALIDATION,
        },
    ),
    Server("GraphQL.NET", "graphql-dotnet/server: AccessDeniedError.cs", {"ACCESS_DENIED": _TOKEN}),
    Server("GraphQL.NET", "graphql-dotnet/authorization: AuthorizationError.cs", {"AUTHORIZATION": _TOKEN}),
    Server(
        "Hasura",
        "hasura/graphql-engine: Hasura/Base/Error.hs",
        {
            "ACCESS_DENIED": _TOKEN,
            "INVALID_JWT": _TOKEN,
            "JWT_INVALID_CLAIMS": _TOKEN,
            "JWT_MISSING_ROLE_CLAIMS": _TOKEN,
        },
    ),
    Server(
        "Apollo Router",
        "apollographql/router: plugins/authentication, plugins/traffic_shaping",
        {"AUTH_ERROR": _TOKEN, "REQUEST_RATE_LIMITED": _THROTTLED},
    ),
    Server(
        "Directus",
        "directus/directus: packages/errors/src/codes.ts",
        {"INVALID_TOKEN": _TOKEN, "TOKEN_EXPIRED": _TOKEN, "REQUESTS_EXCEEDED": _THROTTLED},
    ),
)
"""Apollo Server's own codes are the catalogue's."""

_KNOWN: Final = MappingProxyType({code: ours for server in SERVERS for code, ours in server.codes.items()})


def known(code: str) -> str:
    """The catalogue's spelling of a code: its letter case says nothing, and some servers write hyphens."""
    spelled = code.strip().upper().replace("-", "_")
    return _KNOWN.get(spelled, spelled)
