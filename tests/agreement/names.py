"""What the code has by name: modules, what they and their classes define, and every word of code that is no prose."""

import ast
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Names:
    """All of them, and the prose in which they are spoken of: file, line and text of docstrings and comments."""

    words: Counter[str] = field(default_factory=Counter)
    """Every use of a word in code and in strings; a definition is none."""
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By the last word of a module or class: what is defined there."""
    top: list[tuple[Path, str]] = field(default_factory=list)
    """What stands at the top of a module, undecorated."""
    prose: list[tuple[Path, int, str]] = field(default_factory=list)

    def has(self, word: str) -> bool:
        """Whether the code has this word at all."""
        return word in self.words or word in self.members or any(word in each for each in self.members.values())


def python_files() -> list[Path]:
    """Every Python file that git knows or would take."""
    return _files("*.py")


def other_files() -> list[Path]:
    """Templates, schemas, settings and scripts: what is neither Python nor a page."""
    return _files("*.bicep", "*.bicepparam", "*.json", "*.yml", "*.sh", "*.toml", "*.graphql", "*.kql", "Makefile")


def _files(*patterns: str) -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
    return [path for each in told.stdout.split() if (path := ROOT / each).is_file()]


def read(files: list[Path]) -> Names:
    """The names of these files."""
    names = Names()
    for file in files:
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source)
        prose = dict(_docstrings(tree))
        names.prose += [(file, node.lineno, node.value) for node in prose.values()]
        names.prose += [(file, line, text) for line, text in _comments(source)]
        names.words.update(word for node in ast.walk(tree) if id(node) not in prose for word in _words(node))
        module = file.parent.name if file.stem == "__init__" else file.stem
        names.members[module].update(_bound(tree))
        names.members[file.parent.name].add(file.stem)
        names.members[file.parent.parent.name].add(file.parent.name)
        names.top += [(file, name) for name in _top(tree)]
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                names.members[node.name].update(_bound(node))
    return names


def _docstrings(tree: ast.AST) -> Iterator[tuple[int, ast.Constant]]:
    """Every text that stands alone: docstrings, and those below a constant or field."""
    for node in ast.walk(tree):
        for statement in getattr(node, "body", []) if isinstance(getattr(node, "body", None), list) else []:
            text = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield id(text), text


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """Lines in which a name is quoted after a hash; a tokenizer would take seconds over all files."""
    for number, line in enumerate(source.splitlines(), 1):
        if "``" in line.partition("#")[2]:
            yield number, line.partition("#")[2]


def _words(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
            yield name
        case ast.alias(name=name):
            yield from name.split(".")
        case ast.ImportFrom(module=str(module)):
            parts = module.split(".")
            yield from parts
            yield from (".".join(parts[:end]) for end in range(2, len(parts) + 1))
        case ast.Constant(value=str(text)):
            yield text
            yield from set(re.findall(r"\w+", text))


def _bound(scope: ast.AST) -> Iterator[str]:
    """What a module, class or function binds: definitions, variables, fields, parameters, what it imports."""
    for node in ast.walk(scope):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name.split(".")[-1]


def _top(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        match statement:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield from [] if statement.decorator_list and not isinstance(statement, ast.ClassDef) else [name]
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.TypeAlias(name=ast.Name(id=name)):
                yield name
