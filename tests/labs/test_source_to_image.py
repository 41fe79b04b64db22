"""The small s2i of chapter 3: what it makes, what it takes over, and what it refuses."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator

import pytest

from lab_engine.bench.container import Bench
from labs.source_to_image.values import HOME, WORK, given, program
from tests.bench.conftest import fails, ok, sh

pytestmark = [pytest.mark.bench, pytest.mark.slow]

S2I = f"{HOME}/s2i build"
SAVE = "#!/bin/sh\\ncd /opt/app && tar -cf - parts\\n"
NUMBER = "cat /opt/app/parts/number"


@pytest.fixture(scope="module")
def whole(make_bench: Callable[..., Bench]) -> Bench:
    bench = make_bench("source-to-image")
    ok(bench.run(["/usr/lib/infralab/bin/start-docker"]))
    ok(bench.run(["docker", "load", "-q", "-i", "/usr/lib/infralab/images/busybox.tar"]))
    return bench


@pytest.fixture
def bench(whole: Bench) -> Iterator[Bench]:
    """A bench with the program, its builder of pages as an image, and another builder's files."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for place, files in ((HOME, program()), (f"{WORK}/parts", given("parts"))):
            for name, text in files.items():
                about = tarfile.TarInfo(f"{place}/{name}".lstrip("/"))
                about.size, about.mode = len(text.encode()), 0o755
                tar.addfile(about, io.BytesIO(text.encode()))
    owned = f"tar -x -C / && chown -R learner: {HOME} {WORK}"
    ok(whole.run(["sh", "-c", owned], stdin=archive.getvalue()))
    do(whole, f"docker build -q -t pages {HOME}/pages; mkdir -p src; echo @TITLE@ > src/index.tmpl")
    yield whole
    sh(
        whole,
        "docker ps -aq | xargs -r docker rm -f; docker image prune -f; rm -rf ~learner/work/*",
    )


def do(bench: Bench, script: str) -> str:
    """As the learner, in the folder where learners work."""
    where = ["bash", "-euc", f"cd ~/work; {script}"]
    return ok(bench.run(where, user="learner", timeout=120))


def refused(bench: Bench, script: str) -> str:
    return fails(bench, f"cd ~/work; {script}", user="learner")


def test_source_and_a_builder_become_an_image_of_nobody(bench: Bench) -> None:
    said = do(bench, f"{S2I} src pages site -e TITLE='two words' -e MORE=x=y")
    assert "site is made" in said
    assert do(bench, "docker run --rm site cat /opt/app/index.html") == "two words"
    assert do(bench, "docker run --rm site id -u") == "1001"
    assert do(bench, "docker run --rm site sh -c 'echo $MORE'") == "x=y"
    assert do(bench, "docker run --rm site stat -c '%u:%g' /tmp/src/index.tmpl") == "1001:0"
    about = do(bench, "docker image inspect -f '{{.Config.Cmd}} {{.Config.Entrypoint}}' site")
    assert about == "[/usr/libexec/s2i/run] []"
    layers = "docker image inspect -f '{{json .RootFS.Layers}}'"
    assert do(bench, f"{layers} site").startswith(do(bench, f"{layers} pages").rstrip("]"))
    assert do(bench, "docker ps -aq") == ""


def test_what_is_wrong_is_told_and_leaves_nothing(bench: Bench) -> None:
    tagged = "docker build -q -t {0} - > /dev/null"
    do(bench, f"printf 'FROM pages\\nUSER nobody\\n' | {tagged.format('named')}")
    do(bench, f"printf 'FROM pages\\nLABEL io.openshift.s2i.scripts-url=/usr\\n' | "
              f"{tagged.format('pathless')}; mkdir empty")  # fmt: skip
    for words, says in (
        ("src pages", "s2i build SOURCE BUILDER TAG"),
        ("src pages none -e", "s2i build SOURCE BUILDER TAG"),
        ("src pages none --quick", "s2i build SOURCE BUILDER TAG"),
        ("nowhere pages none", "no folder nowhere"),
        ("src nothing none", "no image nothing"),
        ("src busybox none", "is no builder"),
        ("src pathless none", "is no builder"),
        ("src named none", "names its user nobody"),
        ("empty pages none", "There is no new image"),
    ):
        assert says in refused(bench, f"{S2I} {words}"), words
    assert do(bench, "docker images -q none") == ""
    assert do(bench, "docker ps -aq; ls /tmp | grep ^tmp || true") == ""


def test_what_the_last_image_saved_comes_along(bench: Bench) -> None:
    do(bench, f"printf '{SAVE}' > parts/save-artifacts; chmod +x parts/save-artifacts; "
              f"docker build -q -t parts parts; {S2I} src parts thing")  # fmt: skip
    first = do(bench, f"docker run --rm thing {NUMBER}")
    do(bench, f"echo new > src/index.html; {S2I} src parts thing --incremental")
    assert do(bench, f"docker run --rm thing {NUMBER}") == first
    assert do(bench, "docker run --rm thing cat /opt/app/index.html") == "new"
    do(bench, f"{S2I} src parts thing")
    assert do(bench, f"docker run --rm thing {NUMBER}") != first


@pytest.mark.parametrize("script", ["", "#!/bin/sh\\necho word\\n", "#!/bin/sh\\nexit 3\\n"])
def test_without_anything_saved_all_is_made_anew(bench: Bench, script: str) -> None:
    written = f"printf '{script}' > parts/save-artifacts; chmod +x parts/save-artifacts; "
    do(bench, f"{written if script else ''}docker build -q -t parts parts")
    for options in ("", " --incremental"):
        said = do(bench, f"{S2I} src parts thing{options}")
        assert "Fetching parts" in said
    assert "saved nothing" in said
    assert do(bench, "docker ps -aq") == ""
