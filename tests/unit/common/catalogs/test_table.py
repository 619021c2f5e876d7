"""The catalogs on disk, in the table, among the inputs of RegisterCatalog and in the tests are the same set."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from common import catalogs
from common.catalogs import table, words
from common.contract.inputs import options_of
from steps.register_catalog import register_catalog
from tests.catalogs import CATALOGS


def test_a_catalog_is_a_folder_a_line_of_the_table_and_a_row_of_the_tests() -> None:
    folders = {path.parent.name for path in Path(catalogs.__path__[0]).glob("*/__init__.py")}
    lines = {line.name for line in dataclasses.fields(table.Catalogs)}
    assert folders == lines == set(words.TYPES) == {row.type for row in CATALOGS}


def test_register_catalog_declares_the_options_of_every_catalog() -> None:
    declared = {option.field for option in register_catalog.declaration().options}
    assert {option.field for option in options_of(table.Catalogs)} <= declared
