"""The functions that the app registers; the library names them only once."""

from function_app import app

FUNCTIONS = {each.get_function_name(): each for each in app.get_functions()}
