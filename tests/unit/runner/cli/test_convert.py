"""`idp-steps convert`: prints by default, writes on request, and says what is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import cli

ONE = (
    "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: pay # mine\n  namespace: shop\n"
    "spec:\n  type: service\n  lifecycle: production\n  owner: team\n"
)
DONE = (
    "apiVersion: harness.io/v1\nkind: Component\nidentifier: pay # mine\nname: pay\ntype: service\nowner: team\n"
    "spec:\n  lifecycle: production\n"
)


def test_a_file_is_printed_and_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "catalog-info.yaml"
    file.write_text(ONE)
    assert cli.main(["convert", str(file)]) == 0
    printed = capsys.readouterr()
    assert printed.out == DONE
    assert f"{file}: metadata.namespace shop is left out" in printed.err
    assert file.read_text() == ONE


def test_files_are_written_on_request_and_a_fault_in_one_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, bad, two = (tmp_path / name for name in ("a.yaml", "bad.yaml", "two.yaml"))
    file.write_text(ONE)
    bad.write_text(ONE.replace("Component", "Domain"))
    two.write_text(f"{ONE}---\n{ONE.replace('pay', 'sell')}")
    arguments = ["convert", "--write", str(bad), str(file), str(two), str(tmp_path / "none.yaml")]
    assert cli.main(arguments) == 2
    told = capsys.readouterr()
    assert "kind is 'Domain', which IDP 2.0 does not know" in told.err
    assert "none.yaml cannot be read" in told.err
    assert file.read_text() == DONE
    assert (tmp_path / "two-component-pay.yaml").read_text() == DONE
    assert (tmp_path / "two-component-sell.yaml").read_text() == DONE.replace("pay", "sell")
    assert "two.yaml is left as it is" in told.out
    assert cli.main(["convert", "--write", str(file), str(two)]) == 0
    assert capsys.readouterr().out.count("has this content already") == 3
    (tmp_path / "two-component-pay.yaml").write_text("mine")
    assert cli.main(["convert", "--write", str(two)]) == 4
    assert (tmp_path / "two-component-pay.yaml").read_text() == "mine"
