// Asks Microsoft's language service about queries: {tables: {name: {column: type}}, queries: {name: text}} on standard input,
// {name: {columns: {name: type}, diagnostics: [text]}} on standard output.
'use strict';

require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');

const { Language } = globalThis.Kusto;
const { Symbols } = Language;

const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));

function table(name, columns) {
  const described = Object.entries(columns).map(([column, type]) => `['${column}']: ${type}`);
  return Symbols.TableSymbol.From(`(${described.join(', ')})`).WithName(name);
}

function listed(collection) {
  return Array.from({ length: collection.Count }, (_, index) => collection.getItem(index));
}

function judged(text, globals) {
  const code = Language.KustoCode.ParseAndAnalyze(text, globals);
  const found = listed(code.GetDiagnostics());
  const columns = code.ResultType && code.ResultType.Columns ? listed(code.ResultType.Columns) : [];
  return {
    columns: Object.fromEntries(columns.map((each) => [each.Name, each.Type.Name])),
    diagnostics: found.map((each) => `${each.Severity} ${each.Code}: ${each.Message} (${text.substr(each.Start, each.Length)})`),
  };
}

const tables = Object.entries(asked.tables).map(([name, columns]) => table(name, columns));
const database = new Symbols.DatabaseSymbol.ctor('workspace', tables);
const globals = Language.GlobalState.Default.WithDatabase(database);
const answers = Object.entries(asked.queries).map(([name, text]) => [name, judged(text, globals)]);
process.stdout.write(JSON.stringify(Object.fromEntries(answers)));
