"""The tags of an interpreter that was built for another platform than ours."""

from __future__ import annotations

import json

import pytest
from support.fakes import FakeRunner, Reply, failure, interpreter

from hybrid_install.environment.probe import presumed
from hybrid_install.environment.tags import supported_tags

FOREIGN = interpreter(tag_version="311", sysconfig_platform="linux-riscv64")


def test_it_is_asked_for_its_platforms() -> None:
    runner = FakeRunner([json.dumps(["linux_riscv64"])])
    tags = supported_tags(FOREIGN, runner, {"PATH": "/bin"})
    assert tags is not None
    assert list(tags)[:2] == ["cp311-cp311-linux_riscv64", "cp311-abi3-linux_riscv64"]
    assert list(tags)[-1] == "py30-none-any"
    assert list(tags.values()) == list(range(len(tags)))
    assert runner.only.argv[:5] == ("/venv/bin/python", "-I", "-W", "ignore", "-c")
    compile(runner.only.argv[5], "the question", "exec")
    assert runner.only.env == {"PATH": "/bin"}


@pytest.mark.parametrize("reply", ["", "not json", failure(1)])
def test_where_it_does_not_tell_nothing_is_known(reply: Reply) -> None:
    assert supported_tags(FOREIGN, FakeRunner([reply]), {}) is None


def test_one_that_is_only_presumed_is_of_this_machine_s_kind() -> None:
    runner = FakeRunner()
    tags = supported_tags(presumed("3.12", "3.12.9"), runner, {})
    assert tags is not None
    assert next(iter(tags)).startswith("cp312-cp312-")
    assert runner.commands == []
