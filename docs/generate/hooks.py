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
installed distribution with an entry point in the group `qlora_gov`. It imports what it needs from `qlora_gov`:

```python
from qlora_gov import MetricSpec, hookimpl
```

{importable}

Names of types such as `Floats` or `Need` are shorthand of this page.

A hook contributes specs; a spec says how a component is made and what it takes. The core calls the component
itself, one after the other: rows, texts and arrays that it is given are its own copies, which it may not change.
Whatever it raises, `SystemExit` too, is an error of that component and told as such.
"""

AGGREGATE = """
## A metric with an aggregate of its own

The value of a metric is `aggregate(stats.sum(axis=0))`. A mean derives from `MeanMetric` and writes `score_row` alone;
whatever is not a mean has statistics of its own, and an aggregate over the last axis, which gates call with many sums
at once. Here is F1 of a flag that answers hold or lack:

```python
import numpy as np

from qlora_gov import MetricSpec, hookimpl


class FlagF1:
    def score(self, rows):
        said = np.array(["REFUND" in row.response for row in rows], dtype=float)
        due = np.array(["REFUND" in row.example.reference for row in rows], dtype=float)
        return np.column_stack([said * due, said, due]).reshape(len(rows), 3), np.ones(len(rows), dtype=bool)

    def aggregate(self, sums):  # [..., 3] to [...]
        both, said, due = sums[..., 0], sums[..., 1], sums[..., 2]
        return np.divide(2 * both, said + due, out=np.full_like(both, np.nan), where=said + due > 0)


@hookimpl
def qlora_gov_metrics():
    return [
        MetricSpec(
            name="flag_f1",
            summary="F1 of answers that offer a refund",
            factory=FlagF1,
            components=("both", "said", "due"),
            higher_is_better=True,
            margin="absolute",
        )
    ]


sums = np.array([[3.0, 4.0, 5.0], [0.0, 0.0, 0.0]])
assert np.allclose(FlagF1().aggregate(sums), [6 / 9, np.nan], equal_nan=True)
assert FlagF1().aggregate(sums[0]) == 6 / 9
```
"""

RECORDS = "## Records that components are given or return"


def page() -> str:
    """The whole page."""
    hooks = (part for name in HOOKS for part in _hook(name))
    modules = (part for module in _modules() for part in _module(module))
    records = (part for kind in _public_records() for part in _class(_node(kind)))
    return document(
        "Hooks and specs",
        INTRODUCTION.replace("{importable}", _importable()),
        "## Hooks",
        prose(hookspecs.__doc__),
        *hooks,
        AGGREGATE,
        *modules,
        RECORDS,
        *records,
    )


def _importable() -> str:
    """All that a plugin may import, by what it is."""
    kinds: dict[str, list[str]] = {"Errors that it may raise": [], "Classes": [], "Functions and settings' types": []}
    for name in sorted(qlora_gov.__all__):
        one = getattr(qlora_gov, name)
        error = isinstance(one, type) and issubclass(one, Exception)
        known = "Errors that it may raise" if error else "Classes" if inspect.isclass(one) else list(kinds)[-1]
        kinds[known].append(code(name))
    return "\n".join(f"- {kind}: {', '.join(names)}." for kind, names in kinds.items())


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
