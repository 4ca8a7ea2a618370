"""The page on plugins: the hooks, and the specs and components that meet there."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import qlora_gov
from docs.generate.markdown import code, document, fence, prose
from qlora_gov.plugin import hookspecs, specs
from qlora_gov.plugin.validation import HOOKS

INTRODUCTION = """
A plugin is a module that implements hooks: a file in a directory that the project file names under `plugins`, or an
installed distribution with an entry point in the group `qlora_gov`. It imports classes that stand here, and
`Settings`, the base of a component's settings, from `qlora_gov`; names of types such as `Floats` or `Need` are
shorthand of this page:

```python
from qlora_gov import MetricSpec, hookimpl
```

A hook contributes specs; a spec says how a component is made and what it takes. The core calls the component
itself.
"""

RECORDS = "## Records that components are given or return"


def page() -> str:
    """The whole page."""
    hooks = (part for name in HOOKS for part in _hook(name))
    modules = (part for module in _modules() for part in _module(module))
    records = (part for kind in _public_records() for part in _class(_node(kind)))
    return document(
        "Hooks and specs", INTRODUCTION, "## Hooks", prose(hookspecs.__doc__), *hooks, *modules, RECORDS, *records
    )


def _hook(name: str) -> Iterator[str]:
    function = getattr(hookspecs, name)
    yield f"### {code(name)}"
    yield fence(f"@hookimpl\ndef {name}() -> {function.__annotations__['return']}: ...")
    yield prose(function.__doc__)


def _modules() -> Iterator[ModuleType]:
    return (importlib.import_module(f"{specs.__name__}.{found.name}") for found in pkgutil.iter_modules(specs.__path__))


def _module(module: ModuleType) -> Iterator[str]:
    """Every class that a module defines, in its order, as its source declares it."""
    tree = ast.parse(inspect.getsource(module))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    if classes:
        yield f"## {prose(module.__doc__).rstrip('.')}"
        if aliases := [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]:
            yield fence("\n".join(aliases))
    for node in classes:
        yield from _class(node)


def _public_records() -> list[type]:
    """The records, and parts of records, that a plugin may import."""
    public = [getattr(qlora_gov, name) for name in qlora_gov.__all__]
    return [one for one in public if isinstance(one, type) and one.__module__.startswith("qlora_gov.records")]


def _node(kind: type) -> ast.ClassDef:
    node = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(node, ast.ClassDef)
    return node


def _class(node: ast.ClassDef) -> Iterator[str]:
    yield f"### {code(node.name)}"
    yield prose(ast.get_docstring(node))
    yield fence(_declared(node))
    yield "\n".join(f"- {code(method.name)}: {_indented(method)}" for method in _documented(node))


def _declared(node: ast.ClassDef) -> str:
    """A class as it is declared: its fields, and the signatures of its methods."""
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    lines = [f"class {node.name}({bases}):" if bases else f"class {node.name}:"]
    for part in node.body:
        if isinstance(part, ast.AnnAssign | ast.Assign):
            lines.append(f"    {ast.unparse(part)}")
        elif isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
            lines.extend(f"    @{ast.unparse(decorator)}" for decorator in part.decorator_list)
            lines.append(
                f"    def {part.name}({ast.unparse(part.args)}) -> {ast.unparse(part.returns or ast.Constant(None))}"
            )
    return "\n".join(lines)


def _documented(node: ast.ClassDef) -> list[ast.FunctionDef]:
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef) and not part.name.startswith("_")]
    return [method for method in methods if ast.get_docstring(method)]


def _indented(method: ast.FunctionDef) -> str:
    return prose(ast.get_docstring(method)).replace("\n\n", "\n").replace("\n", "\n  ")
