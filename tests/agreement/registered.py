"""The functions of the app by name; the library lists them once only per process."""

from function_app import app

FUNCTIONS = {each.get_function_name(): each for each in app.get_functions()}


def bindings(kind):
    """Every binding of that type, as the host is told of it."""
    for function in FUNCTIONS.values():
        yield from (each.get_dict_repr() for each in function.get_bindings() if each.type == kind)
