"""The one style sheet of the console: no font, image or file beside it."""

import base64
import hashlib
from typing import Final

SHEET: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --act: #b3261e; --look: #8a5a00; --good: #1d6f3a;
  --mark: #1f5fbf; font: 1rem/1.45 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  :root { --act: #ff8a80; --look: #ffc46b; --good: #7ddc9a; --mark: #8ab4f8; background: #16181c; color: #e8eaed; } }
body { max-width: 78rem; margin: 0 auto; padding: 1rem; }
a { color: var(--mark); } h1 { margin: .2rem 0 .6rem; font-size: 1.5rem; }
h2 { margin: 1.8rem 0 .5rem; font-size: 1.15rem; }
header, footer { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; opacity: .8; font-size: .9rem; }
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .6rem; }
.figures { display: flex; flex-wrap: wrap; gap: .6rem; padding: 0; margin: 0 0 1rem; list-style: none; }
.figures li { border: 1px solid var(--line); border-radius: .5rem; padding: .4rem .8rem; min-width: 7rem; }
.figures b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; opacity: .8; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; } thead th { font-size: .85rem; opacity: .8; }
small { opacity: .8; } td small { display: block; } td, dd { overflow-wrap: anywhere; }
.act { color: var(--act); font-weight: 600; } .look { color: var(--look); font-weight: 600; }
.good { color: var(--good); }
.cause { border-left: .3rem solid var(--act); background: var(--soft); padding: .5rem .9rem; margin: .8rem 0; }
.cause h3 { margin: 0 0 .2rem; font-size: 1rem; } .do { font-weight: 600; margin: .3rem 0; }
dl { display: grid; grid-template-columns: max-content auto; gap: .15rem 1rem; margin: .4rem 0; }
dt { opacity: .75; } dd { margin: 0; }
svg { width: 100%; height: auto; max-width: 46rem; } svg text { fill: currentColor; font-size: 11px; }
svg rect { fill: var(--mark); } svg line { stroke: var(--line); }
@media (max-width: 46rem) {
  thead { display: none; } table, tbody, caption { display: block; }
  tr { display: block; border-bottom: 2px solid var(--line); padding: .4rem 0; }
  td, td.n { display: flex; justify-content: space-between; gap: 1rem; text-align: right; border: 0; padding: .1rem 0; }
  td::before { content: attr(data-label); opacity: .75; text-align: left; flex-shrink: 0; }
  td:empty { display: none; } }
@media print {
  :root { --act: #000; --look: #000; --good: #000; --mark: #000; background: #fff; color: #000; font-size: 10pt; }
  body { max-width: none; padding: 0; } nav { display: none; } tr, .cause, svg { break-inside: avoid; }
  a { text-decoration: none; } }
"""

SOURCE: Final = f"'sha256-{base64.b64encode(hashlib.sha256(SHEET.encode()).digest()).decode()}'"
"""Names this very sheet in a content security policy; no other is applied."""
