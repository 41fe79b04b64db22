"""The tiny platform of chapter 3: what it deploys, what it refuses, and what it leaves alone."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator

import pytest

from lab_engine.bench.container import Bench
from labs import paas
from tests.bench.conftest import fails, ok, sh
from tests.requirements.packed import bench_with

pytestmark = [pytest.mark.bench, pytest.mark.slow]

PAAS = f"{paas.HOME}/paas"
BEGIN = (
    "cd; git config --global user.name ann; git config --global user.email a@b; "
    "git config --global init.defaultBranch main; "
    "git init -q --bare /srv/paas/repos/shop.git; git init -q shop; cd shop; "
    "cp /srv/paas/hook /srv/paas/repos/shop.git/hooks/pre-receive; "
)
PAGE = "echo one > index.html; git add .; git commit -qm one; "
PUSH = "git push -q /srv/paas/repos/shop.git main 2>&1"
ANSWER = r"""#!/bin/sh
while read -r line && [ ${#line} -gt 1 ]; do :; done
printf 'HTTP/1.0 200 OK\r\n\r\n%s\n' "$GREETING from $(hostname)"
"""
SCRIPT = f"cat > app.sh <<'END'\n{ANSWER}END\ngit add .; git commit -qm script; "


@pytest.fixture(scope="module")
def whole(make_bench: Callable[..., Bench]) -> Bench:
    return bench_with(make_bench, "git")


@pytest.fixture
def bench(whole: Bench) -> Iterator[Bench]:
    """A bench with the platform as lessons have it, and no app."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in (paas.files() | {"hook": paas.hook("shop")}).items():
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(text.encode()), 0o755
            tar.addfile(about, io.BytesIO(text.encode()))
    unpack = "mkdir -p /srv/paas/repos && tar -x -C /srv/paas && chown -R learner: /srv/paas"
    ok(whole.run(["sh", "-c", unpack], stdin=archive.getvalue()))
    yield whole
    sh(whole, "docker ps -aq | xargs -r docker rm -f; rm -rf /srv/paas /home/learner/shop")


def do(bench: Bench, script: str) -> str:
    """As the learner, in the folder of the app if there is one."""
    there = "cd ~/shop 2>/dev/null || cd; "
    done = bench.run(["bash", "-euc", there + script], user="learner", timeout=120)
    return ok(done)


def names(bench: Bench) -> list[str]:
    found = do(bench, "docker ps --filter label=paas.app=shop --format '{{.Names}}'")
    return sorted(found.split())


def page(bench: Bench) -> str:
    return do(bench, f"curl -s -m 3 $({PAAS} url shop)/")


def test_a_push_becomes_a_release_that_answers(bench: Bench) -> None:
    said = do(bench, BEGIN + PAGE + PUSH)
    assert "Static app detected" in said
    assert "Released v1" in said
    assert page(bench) == "one"
    assert names(bench) == ["shop-v1-web-1"]
    said = do(bench, f"echo two > index.html; git commit -qam two; {PUSH}")
    assert "Released v2" in said
    assert (names(bench), page(bench)) == (["shop-v2-web-1"], "two")
    assert do(bench, f"{PAAS} releases shop") == "v1 deploy\nv2 deploy"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("git rm -q index.html; echo x > main.c; git add .", "No buildpack wants this app"),
        ("git rm -q index.html; echo 'if then' > app.sh; git add .", "could not build it"),
        ("echo 'web: sleep 1d' > Procfile; git add .", "does not answer at port 5000"),
        ("echo 'web: echo no such file; exit 3' > Procfile; git add .", "no such file"),
    ],
)
def test_what_is_broken_is_refused_and_changes_nothing(
    bench: Bench, broken: str, says: str
) -> None:
    do(bench, BEGIN + PAGE + PUSH)
    before = do(bench, f"docker ps -q --no-trunc; git ls-remote {paas.REPOSITORIES}/shop.git")
    said = do(bench, f"{broken}; git commit -qm broken; {PUSH} && exit 1; true")
    assert says in said
    assert "[remote rejected]" in said
    assert page(bench) == "one"
    now = do(bench, f"docker ps -aq --no-trunc; git ls-remote {paas.REPOSITORIES}/shop.git")
    assert now == before
    assert do(bench, "ls /srv/paas/state/shop") == "cache\nenv\nlock\nrefused\nreleases\nscale\nv1"
    said = do(bench, f"git reset -q --hard HEAD~1; echo two > index.html; git add .; "
              f"git commit -qm two; {PUSH}")  # fmt: skip
    assert "Released v2" in said


def test_only_main_is_deployed_and_it_cannot_be_deleted(bench: Bench) -> None:
    said = do(bench, f"{BEGIN}{PAGE}git push /srv/paas/repos/shop.git main:feature 2>&1")
    assert "Only main is deployed" in said
    assert names(bench) == []
    do(bench, PUSH)
    done = bench.run(
        ["bash", "-c", "cd ~/shop; git push /srv/paas/repos/shop.git :main"], user="learner"
    )
    assert done.exit_code != 0
    assert page(bench) == "one"


def test_settings_make_a_release_of_the_same_image(bench: Bench) -> None:
    do(bench, f"{BEGIN}{SCRIPT}{PAAS} config shop GREETING='good day'; {PUSH}")
    assert page(bench) == "good day from shop-v1-web-1"
    image = do(bench, "cat /srv/paas/state/shop/v1/image")
    do(bench, f"{PAAS} config shop GREETING=hello")
    assert page(bench) == "hello from shop-v2-web-1"
    assert do(bench, "docker inspect -f '{{.Image}}' shop-v2-web-1") == image
    do(bench, f"{PAAS} rollback shop v1")
    assert page(bench) == "good day from shop-v3-web-1"
    assert do(bench, f"{PAAS} config shop") == "GREETING=good day"
    assert do(bench, f"{PAAS} releases shop").splitlines()[1:] == [
        "v2 config GREETING",
        "v3 rollback to v1",
    ]


def test_processes_are_counted_by_type(bench: Bench) -> None:
    procfile = "web: exec nc -ll -p $PORT -e /app/app.sh\nworker: while :; do sleep 1; done"
    do(bench, f"{BEGIN}printf '{procfile}' > Procfile; {SCRIPT}{PUSH}")
    assert names(bench) == ["shop-v1-web-1"]
    first = do(bench, "docker ps -q")
    do(bench, f"{PAAS} scale shop web=3 worker=1")
    assert names(bench) == ["shop-v1-web-1", "shop-v1-web-2", "shop-v1-web-3", "shop-v1-worker-1"]
    do(bench, f"{PAAS} scale shop web=1")
    assert names(bench) == ["shop-v1-web-1", "shop-v1-worker-1"]
    assert first in do(bench, "docker ps -q")
    do(bench, f"{PAAS} config shop A=b")
    assert names(bench) == ["shop-v2-web-1", "shop-v2-worker-1"]
    do(bench, f"{PAAS} scale shop worker=0")
    assert names(bench) == ["shop-v2-web-1"]


def test_wrong_words_are_told_and_change_nothing(bench: Bench) -> None:
    do(bench, BEGIN + PAGE + PUSH)
    for words, says in (
        ("", "deploy APP FOLDER"),
        ("config Shop", "deploy APP FOLDER"),
        ("config shop greeting", "like GREETING=hello"),
        ("scale shop web", "like web=3"),
        ("scale shop worker=1", "no type worker"),
        ("rollback shop v7", "no release v7"),
        ("rollback shop", "no release"),
        ("throw shop", "no command throw"),
    ):
        assert says in fails(bench, f"{PAAS} {words}", user="learner"), words
    assert do(bench, f"{PAAS} releases shop") == "v1 deploy"
    assert names(bench) == ["shop-v1-web-1"]


def test_a_process_that_dies_is_started_again(bench: Bench) -> None:
    do(bench, BEGIN + PAGE + PUSH)
    count = "docker inspect -f '{{.RestartCount}}' shop-v1-web-1"
    ask = "docker exec shop-v1-web-1 wget -qO- http://127.0.0.1:5000"
    sh(
        bench,
        "kill -9 $(docker inspect -f '{{.State.Pid}}' shop-v1-web-1); "
        f"until [ $({count}) = 1 ]; do sleep 0.1; done; until {ask}; do sleep 0.1; done",
    )
    assert page(bench) == "one"
    assert "shop-v1-web-1" in do(bench, f"{PAAS} ps shop")
