"""``icadmin payments``: its commands."""

import typer

from admin.payments import acting, importing, looking, persons, sheet, telling

app = typer.Typer(help="See what became of payments, and act on what is held.", no_args_is_help=True)

app.command("list")(looking.list_)
app.command()(looking.show)
app.command()(looking.held)
app.command()(looking.quarantine)
app.command()(acting.retry)
app.command()(acting.resolve)
app.command()(telling.replay)
app.command()(sheet.ask)
app.command()(telling.results)
app.command("import-results")(importing.import_results)
app.command()(persons.export)
app.command()(persons.erase)
