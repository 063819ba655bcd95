"""Compares an operation with a schema: what of it is there, what is not, and what is there instead."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_operation_ast,
    is_required_argument,
    is_required_input_field,
    is_specified_scalar_type,
    is_type_sub_type_of,
    parse,
    type_from_ast,
    validate,
)

from admin.contract.uses import Use

_MOST_NAMED: Final = 8
_TEXT: Final = frozenset({"String", "ID"})

type _Fielded = GraphQLObjectType | GraphQLInterfaceType


class Verdict(StrEnum):
    """What would become of an operation."""

    FITS = "fits"
    BREAKS = "would break"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. ``breaks``: certainly; otherwise only the first real answer shows it."""

    place: str
    problem: str
    instead: str = ""
    breaks: bool = True


@dataclass(frozen=True, slots=True)
class Judged:
    """One operation, by Caselle's name and by that of our document."""

    endpoint: str
    name: str
    document: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()


def unknown(use: Use, why: str) -> Judged:
    """The judgement where there is no schema to compare with."""
    return _judged(use, Verdict.UNKNOWN, (Finding(use.endpoint, why, breaks=False),))


def judge(use: Use, ours: GraphQLSchema, theirs: GraphQLSchema) -> Judged:
    """Compare one operation.

    Args:
        use: the operation, and all that it may send.
        ours: the schema that we assume; the operation is valid against it.
        theirs: the schema to be judged.
    """
    document = parse(use.operation.document)
    found = tuple(dict.fromkeys(_differences(use, document, ours, theirs)))
    if any(each.breaks for each in found):
        return _judged(use, Verdict.BREAKS, found)
    return _judged(use, Verdict.UNKNOWN if found else Verdict.FITS, found)


def _judged(use: Use, verdict: Verdict, findings: tuple[Finding, ...]) -> Judged:
    return Judged(use.endpoint, use.name, use.operation.name, verdict, findings)


def _differences(use: Use, document: DocumentNode, ours: GraphQLSchema, theirs: GraphQLSchema) -> Iterator[Finding]:
    definition = get_operation_ast(document, use.operation.name)
    if definition is None:
        raise ValueError(f"{use.operation.name} names no operation of its own document")
    found = [*_answer(definition, ours, theirs), *_sent(use, definition, theirs)]
    yield from found
    if not any(each.breaks for each in found):
        # Whatever else the rules of GraphQL forbid.
        yield from (Finding(use.operation.name, error.message) for error in validate(theirs, document))


def _answer(definition: OperationDefinitionNode, ours: GraphQLSchema, theirs: GraphQLSchema) -> Iterator[Finding]:
    """What we read, from the root on."""
    mine, live = _root(definition, ours), _root(definition, theirs)
    if mine is None or live is None:
        yield Finding(definition.operation.value, "is not there: the schema has none")
        return
    yield from _selection(definition.selection_set, mine, live)


def _root(definition: OperationDefinitionNode, schema: GraphQLSchema) -> GraphQLObjectType | None:
    return schema.mutation_type if definition.operation is OperationType.MUTATION else schema.query_type


def _selection(selection: SelectionSetNode, mine: _Fielded, live: _Fielded) -> Iterator[Finding]:
    for node in selection.selections:
        if not isinstance(node, FieldNode):
            continue
        name = node.name.value
        field = live.fields.get(name)
        if field is None:
            yield Finding(f"{live.name}.{name}", "is not there", _instead(name, live.fields, mine.fields))
            continue
        yield from _arguments(node, mine.fields[name], field, f"{live.name}.{name}")
        yield from _shape(mine.fields[name].type, field.type, f"{live.name}.{name}")
        inner, inner_live = get_named_type(mine.fields[name].type), get_named_type(field.type)
        both = isinstance(inner, _FIELDED) and isinstance(inner_live, _FIELDED)
        if node.selection_set and both:
            yield from _selection(node.selection_set, inner, inner_live)


_FIELDED: Final = (GraphQLObjectType, GraphQLInterfaceType)


def _arguments(node: FieldNode, mine: GraphQLField, live: GraphQLField, place: str) -> Iterator[Finding]:
    given = [argument.name.value for argument in node.arguments or ()]
    for name in given:
        if name not in live.args:
            yield Finding(f"{place}({name}:)", "is not there", _instead(name, live.args, mine.args))
    for name, argument in live.args.items():
        if name not in given and is_required_argument(argument):
            yield Finding(f"{place}({name}:)", f"is required ({argument.type}), and we do not send it")


def _shape(mine: GraphQLOutputType, live: GraphQLOutputType, place: str) -> Iterator[Finding]:
    """Lists stay lists, leaves stay leaves of a kind that we can read, and what is always there stays so."""
    if isinstance(mine, GraphQLNonNull) and not isinstance(live, GraphQLNonNull):
        yield Finding(place, f"may be null ({live}); we read {mine}", breaks=False)
    plain, plain_live = _nullable(mine), _nullable(live)
    if isinstance(plain, GraphQLList) and isinstance(plain_live, GraphQLList):
        yield from _shape(plain.of_type, plain_live.of_type, f"{place}[]")
    elif isinstance(plain, GraphQLList) or isinstance(plain_live, GraphQLList):
        yield Finding(place, f"is {live}; we read {mine}")
    else:
        yield from _leaf(plain, plain_live, place)


def _leaf(mine: Any, live: Any, place: str) -> Iterator[Finding]:  # noqa: ANN401 - any named type
    if isinstance(mine, _FIELDED):
        if not isinstance(live, _FIELDED):
            yield Finding(place, f"is {live}; we read fields of it")
    elif isinstance(live, _FIELDED):
        yield Finding(place, f"is {live}, of which fields must be chosen; we read {mine}", ", ".join(live.fields))
    elif isinstance(mine, GraphQLEnumType) and isinstance(live, GraphQLEnumType):
        gone = [value for value in mine.values if value not in live.values]
        if gone:
            yield Finding(f"{live.name}", f"has no {', '.join(gone)}", ", ".join(live.values))
    elif mine.name != live.name and {mine.name, live.name} != _TEXT:
        certain = isinstance(live, GraphQLScalarType) and is_specified_scalar_type(live)
        yield Finding(place, f"is {live}; we read {mine}", breaks=certain)


def _sent(use: Use, definition: OperationDefinitionNode, theirs: GraphQLSchema) -> Iterator[Finding]:
    """What we send: the declared variables, and every value in the example."""
    wanted = _wanted(definition, theirs)
    for variable in definition.variable_definitions or ():
        name = variable.variable.name.value
        declared = type_from_ast(theirs, variable.type)
        takes = wanted.get(name)
        if takes is None:
            continue  # its argument is not there, which is told already
        place, type_ = takes
        if declared is None:
            yield Finding(place, f"is {type_}; a type of the name that we declare is not there", str(type_))
        elif not is_type_sub_type_of(theirs, declared, type_):
            yield Finding(place, f"is {type_}; we send {declared}")
            continue
        if use.variables.get(name) is not None:
            yield from _value(use.variables[name], type_, place)


def _wanted(definition: OperationDefinitionNode, theirs: GraphQLSchema) -> Mapping[str, tuple[str, GraphQLInputType]]:
    """By variable, the argument of the root field that it goes to, where that is there."""
    root = _root(definition, theirs)
    wanted: dict[str, tuple[str, GraphQLInputType]] = {}
    for node in definition.selection_set.selections:
        if root is None or not isinstance(node, FieldNode) or node.name.value not in root.fields:
            continue
        arguments = root.fields[node.name.value].args
        for given in node.arguments or ():
            if given.name.value in arguments:
                place = f"{root.name}.{node.name.value}({given.name.value}:)"
                variable: Any = given.value
                wanted[variable.name.value] = (place, arguments[given.name.value].type)
    return wanted


def _value(value: Any, type_: GraphQLInputType, place: str) -> Iterator[Finding]:  # noqa: ANN401 - any JSON value
    plain = _nullable(type_)
    if isinstance(plain, GraphQLList):
        for each in value if isinstance(value, list) else [value]:
            yield from _value(each, plain.of_type, f"{place}[]")
    elif isinstance(plain, GraphQLInputObjectType):
        yield from _fields(value, plain, place)
    elif isinstance(value, Mapping | list):
        yield Finding(place, f"is {type_}; we send several fields")
    elif isinstance(plain, GraphQLEnumType | GraphQLScalarType):
        yield from _scalar(value, plain, place)


def _fields(value: Any, type_: GraphQLInputObjectType, place: str) -> Iterator[Finding]:  # noqa: ANN401 - as above
    if not isinstance(value, Mapping):
        yield Finding(place, f"is {type_}; we send one value", ", ".join(type_.fields))
        return
    for name, inner in value.items():
        if name not in type_.fields:
            yield Finding(f"{type_.name}.{name}", "is not there", _instead(name, type_.fields, value))
        elif inner is not None:
            yield from _value(inner, type_.fields[name].type, f"{type_.name}.{name}")
    for name, field in type_.fields.items():
        if name not in value and is_required_input_field(field):
            yield Finding(f"{type_.name}.{name}", f"is required ({field.type}), and we do not send it")


def _scalar(value: Any, type_: GraphQLEnumType | GraphQLScalarType, place: str) -> Iterator[Finding]:  # noqa: ANN401 - as above
    sent = "a truth value" if isinstance(value, bool) else "a number" if isinstance(value, int) else "text"
    if isinstance(type_, GraphQLScalarType) and not is_specified_scalar_type(type_):
        yield Finding(place, f"is {type_}, a type of Caselle's own; we send {sent}", breaks=False)
        return
    try:
        type_.parse_value(value)
    except GraphQLError:
        values = ", ".join(type_.values) if isinstance(type_, GraphQLEnumType) else ""
        yield Finding(place, f"is {type_}; we send {sent}", values)


def _nullable(type_: Any) -> Any:  # noqa: ANN401 - any type
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def _instead(name: str, theirs: Mapping[str, object], ours: Mapping[str, object]) -> str:
    """What it may be called now: names that we do not know already, the likeliest first."""
    strange = [each for each in theirs if each not in ours]
    close = get_close_matches(name, strange, n=3, cutoff=0.4)
    return ", ".join(close or strange[:_MOST_NAMED] or list(theirs)[:_MOST_NAMED])
