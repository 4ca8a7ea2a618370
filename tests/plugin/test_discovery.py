from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qlora_gov.errors import PluginError, ProjectError
from qlora_gov.plugin.discovery import Plugin, discover


def found(name: str, *directories: Path) -> Plugin:
    return next(plugin for plugin in discover(directories) if plugin.name == name)


def test_plugins_are_found_installed_and_in_directories_sorted_by_name(
    write: Callable[..., Path], install: Callable[..., None]
) -> None:
    install("their-dist", {"theirs": "their_plugin"}, {"their_plugin.py": ""})
    write(name="zebra.py")
    plugins = discover([write(name="apple/__init__.py")])
    names = [plugin.name for plugin in plugins]
    assert names == sorted(names)
    assert {"apple", "zebra", "theirs", "metrics"} <= set(names)
    where = {plugin.name: (plugin.distribution, plugin.version) for plugin in plugins}
    assert where["apple"] == ("plugins/apple", "local")
    assert where["zebra"] == ("plugins/zebra.py", "local")
    assert where["theirs"] == ("their-dist", "2.5")


def test_what_begins_with_an_underscore_or_is_no_package_is_no_plugin(write: Callable[..., Path]) -> None:
    write("raise SystemExit", "_helper.py")
    write("raise SystemExit", "notes/later.py")
    directory = write()
    assert {plugin.name for plugin in discover([directory])} - {plugin.name for plugin in discover()} == {"mine"}


def test_a_package_may_import_its_own_modules(write: Callable[..., Path]) -> None:
    write("VALUE = 3", "pack/inner.py")
    directory = write("from .inner import VALUE", "pack/__init__.py")
    assert found("pack", directory).module.VALUE == 3


def test_a_directory_counts_once_however_it_is_written(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = write()
    monkeypatch.chdir(directory)
    names = [plugin.name for plugin in discover([directory, Path(), directory / ".." / directory.name])]
    assert names.count("mine") == 1
    assert found("mine", Path()).distribution == "plugins/mine.py"


def test_two_plugins_of_one_name_are_both_named(write: Callable[..., Path], install: Callable[..., None]) -> None:
    one, other = write(directory="one/plugins"), write(directory="two/plugins")
    with pytest.raises(PluginError) as caught:
        discover([one, other])
    for place in (one / "mine.py", other / "mine.py"):
        assert f"plugins/mine.py ({place})" in str(caught.value)

    install("their-dist", {"metrics": "their_metrics"}, {"their_metrics.py": ""})
    with pytest.raises(PluginError, match=r"two plugins are named 'metrics': .*(their-dist|qlora-gov).* and .*"):
        discover()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("def qlora_gov_metrics(:", "SyntaxError: "),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("from qlora_gov import Metrics", "ImportError: cannot import name 'Metrics'"),
    ],
)
def test_a_plugin_that_fails_to_import_is_named(
    write: Callable[..., Path], install: Callable[..., None], source: str, said: str
) -> None:
    directory, before = write(source), set(sys.modules)
    with pytest.raises(PluginError) as caught:
        discover([directory])
    assert str(caught.value).startswith(f"plugin 'mine' of plugins/mine.py fails to import: {said}")
    assert not any(name.startswith("qlora_gov_local") for name in set(sys.modules) - before)

    install("their-dist", {"theirs": "their_broken"}, {"their_broken.py": source})
    with pytest.raises(PluginError) as caught:
        discover()
    assert str(caught.value).startswith(f"plugin 'theirs' of their-dist fails to import: {said}")


@pytest.mark.parametrize("entry", ["their_module:VALUE", "their_namespace"])
def test_an_entry_point_must_be_a_module_with_a_source(install: Callable[..., None], entry: str) -> None:
    install("their-dist", {"theirs": entry}, {"their_module.py": "VALUE = 3", "their_namespace/inner.py": ""})
    with pytest.raises(PluginError, match=f"plugin 'theirs' of their-dist: {entry} is not a module with a file"):
        discover()


def test_an_interrupt_is_not_an_error_of_the_plugin(write: Callable[..., Path]) -> None:
    with pytest.raises(KeyboardInterrupt):
        discover([write("raise KeyboardInterrupt")])


def test_a_directory_that_is_not_there_is_an_error_of_the_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=f"no such plugins directory: {tmp_path / 'plugin'}"):
        discover([tmp_path / "plugin"])


def test_the_source_digest_is_of_every_file_of_a_package_and_of_nothing_else(write: Callable[..., Path]) -> None:
    write("VALUE = 3", "pack/inner/deep.py")
    directory = write("", "pack/__init__.py")
    before = found("pack", directory).source
    write("", "other.py")
    assert found("pack", directory).source == before
    write("VALUE = 4", "pack/inner/deep.py")
    assert found("pack", directory).source != before


def test_the_source_digest_of_a_file_is_of_that_file_wherever_it_lies(write: Callable[..., Path]) -> None:
    digests = {found("mine", write(directory=name)).source for name in ("one", "two")}
    write("VALUE = 1", "other.py", "two")
    digests.add(found("mine", write(directory="two")).source)
    assert len(digests) == 1
    assert found("mine", write("VALUE = 1", directory="two")).source not in digests


def test_the_source_digest_of_a_module_within_a_package_is_of_the_package(install: Callable[..., None]) -> None:
    modules = {"their_package/__init__.py": "", "their_package/plugin.py": "", "their_package/metric.py": "VALUE = 3"}
    install("their-dist", {"theirs": "their_package.plugin"}, modules)
    before = found("theirs")
    Path(str(before.module.__file__)).with_name("metric.py").write_text("VALUE = 4")
    assert found("theirs").source != before.source


def test_the_code_that_runs_is_that_of_the_digested_source(tmp_path: Path) -> None:
    """Python takes bytecode for fresh where size and second of the source are the same."""
    path, found = tmp_path / "own.py", []
    for value in (1, 2):
        path.write_text(f"VALUE = {value}\n", encoding="utf-8")
        os.utime(path, (1_700_000_000, 1_700_000_000))
        (plugin,) = (one for one in discover([tmp_path]) if one.name == "own")
        found.append((plugin.module.VALUE, plugin.source))
    assert [value for value, _ in found] == [1, 2]
    assert found[0][1] != found[1][1]
