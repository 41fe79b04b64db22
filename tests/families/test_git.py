"""Repositories: what can be asked for, and what is drawn of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from lab_engine.bench.container import Bench
from lab_engine.common.probe import Answer, Probe, Reading
from lab_engine.errors import DockerUnavailable, ResourceError
from lab_engine.families.git.agent.command import imported
from lab_engine.families.git.probes import (
    GitRepositoriesProbe,
    GitRepositoriesReading,
    GitRepositoryProbe,
    GitRepositoryReading,
)
from lab_engine.families.git.resources import GitRepository
from lab_engine.packs.image import ensure
from lab_engine.tui.topology.layout import draw
from lab_engine.tui.topology.read import PictureReader
from tests.families.case import Case
from tests.families.cases_git import CASES, PACKS
from tests.families.conftest import InBench, bench_of

PATH = "/srv/git/shop.git"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A bench that has the pack."""
    try:
        tag = ensure(PACKS, print)
    except DockerUnavailable as error:
        pytest.skip(str(error))
    yield from bench_of(tag, "git")


@pytest.mark.bench
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_obligation_is_kept(in_bench: InBench, case: Case) -> None:
    in_bench("obligations", case.name)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("path", lambda: GitRepository("a", path="/etc/a.git")),
        ("owner", lambda: GitRepository("a", path=PATH, owner="A B")),
        ("branch", lambda: GitRepository("a", path=PATH, branch="--all")),
        ("author", lambda: GitRepository("a", path=PATH, author="Ada")),
        ("author", lambda: GitRepository("a", path=PATH, author="Ada <a@b>\nx <c@d>")),
        ("files['../a']", lambda: GitRepository("a", path=PATH, files={"../a": ""})),
        ("files['.git/config']", lambda: GitRepository("a", path=PATH, files={".git/config": ""})),
        ("hooks['../x']", lambda: GitRepository("a", path=PATH, hooks={"../x": ""})),
        ("remotes['o']", lambda: GitRepository("a", path=PATH, remotes={"o": ""})),
        ("after[0]", lambda: GitRepository("a", path=PATH, after=("platform",))),
    ],
)
def test_what_cannot_be_is_refused(field: str, wrong: Any) -> None:
    with pytest.raises(ResourceError) as refused:
        wrong()
    assert refused.value.field == field


def test_a_commit_is_told_to_git_byte_for_byte() -> None:
    """As git-fast-import(1) has it: lengths are those of UTF-8, names are quoted."""
    stream = imported(
        {'a "b".txt': "grün\n", "run": "#!/bin/sh\n"},
        branch="main",
        message="é",
        author="Ada <ada@lab.test>",
        onto="refs/heads/main^0",
    ).decode()
    assert "\ndata 2\né\nfrom refs/heads/main^0\ndeleteall\n" in stream
    assert 'M 100644 inline "a \\"b\\".txt"\ndata 6\ngrün\n\n' in stream
    assert 'M 100755 inline "run"\n' in stream


def test_repositories_are_drawn() -> None:
    reading = GitRepositoryReading(
        bare=True,
        head="main",
        commit=COMMIT,
        refs={"refs/heads/main": COMMIT},
        hooks={"pre-receive": True, "update": False},
    )
    known: dict[Probe[Any], Reading] = {
        GitRepositoriesProbe(): GitRepositoriesReading((PATH,)),
        GitRepositoryProbe(PATH): reading,
    }

    async def ask(probes: Sequence[Probe[Any]]) -> list[Answer]:
        return [
            Answer(msgspec.Raw(msgspec.json.encode(known[one])))
            if one in known
            else Answer(problem="not in this test")
            for one in probes
        ]

    picture = asyncio.run(PictureReader().read(ask, []))
    node = picture.node(f"git-repository/{PATH}")
    assert node is not None
    assert (node.name, node.state, node.on) == ("shop.git", "main 0123456", True)
    assert ("hook pre-receive", "") in node.facts
    assert ("hook update", "not executable") in node.facts
    drawn = "\n".join("".join(run.text for run in line) for line in draw(picture, 60, now=0.0))
    assert "shop.git main 0123456" in drawn
