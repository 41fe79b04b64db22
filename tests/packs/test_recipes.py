"""Recipes as data: read, refused, put in order, named by what they are made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab_engine.common import jars
from lab_engine.course import pack
from lab_engine.errors import ContentError, PacksMissing, UsageError
from lab_engine.packs import image
from lab_engine.packs.handed import maven_mirror, npm_settings

RECIPE = """\
name = "{name}"
about = "A pack"
version = "1"
licences = ["MIT"]
needs = [{needs}]
[size]
download = 1
installed = {installed}
minutes = 1
[debian]
packages = ["jq"]
"""


def make(folder: Path, name: str, *needs: str, installed: int = 1, more: str = "") -> Path:
    place = folder / name
    place.mkdir()
    quoted = ", ".join(f'"{need}"' for need in needs)
    text = RECIPE.format(name=name, needs=quoted, installed=installed) + more
    (place / "pack.toml").write_text(text)
    (place / "smoke.sh").write_text("true\n")
    return place


def test_the_kits_own_recipes_are_whole() -> None:
    for name, recipe in pack.recipes().items():
        assert recipe.pack.licences, name
        assert recipe.pack.size.installed > 0, name
        assert not recipe.pack.about.endswith("."), name


def test_needs_come_first_and_the_bigger_before_the_smaller(tmp_path: Path) -> None:
    make(tmp_path, "small", "ground", installed=5)
    make(tmp_path, "big", installed=500)
    make(tmp_path, "ground", installed=1)
    known = pack.recipes(tmp_path)
    order = [recipe.name for recipe in pack.chain(["small", "big"], known)]
    assert order == ["big", "ground", "small"]
    assert pack.chain(["big", "small"], known) == pack.chain(["small", "big", "small"], known)


def test_what_is_no_pack_is_told(tmp_path: Path) -> None:
    make(tmp_path, "one")
    with pytest.raises(UsageError, match="no pack 'two'") as refused:
        pack.chain(["two"], pack.recipes(tmp_path))
    assert "one" in refused.value.hint


def test_packs_that_need_each_other_are_refused(tmp_path: Path) -> None:
    make(tmp_path, "one", "two")
    make(tmp_path, "two", "one")
    with pytest.raises(ContentError, match="one -> two -> one"):
        pack.recipes(tmp_path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[[python]]\nlock = "wheels.lock"\nvenv = "v"\n', "wheels.lock is not there"),
        ('[[go]]\nfolder = "go"\nprograms = []\n', "go/go.mod is not there"),
        ('[[maven]]\nlock = "jars.lock"\ninto = "/opt/x"\n', "jars.lock is not there"),
        ('[[npm]]\nfolder = "web"\ninto = "/opt/x"\n', "web/package.json is not there"),
        ('[[image]]\nname = "busybox"\nfiles = ["/bin/bash"]\n', "needs a name of its own"),
        ('[[image]]\nname = "Box"\nfiles = ["/bin/bash"]\n', "needs a name of its own"),
        ('[[image]]\nname = "box"\n', "adds nothing to busybox"),
        ('[[image]]\nname = "box"\nfiles = ["bin/bash"]\n', "not a path in the bench"),
        ('[[image]]\nname = "box"\nfiles = ["/bin/../x"]\n', "not a path in the bench"),
        ('[[image]]\nname = "box"\nfolder = "root"\n', "the folder root, which is not there"),
        ('[[image]]\nname = "box"\nfiles = ["/bin/bash"]\nports = [0]\n', "says port 0"),
        ("surprise = 1\n", "surprise"),
    ],
)
def test_a_recipe_with_a_hole_is_refused(tmp_path: Path, more: str, said: str) -> None:
    make(tmp_path, "one", more=more)
    with pytest.raises(ContentError, match=said) as refused:
        pack.recipes(tmp_path)
    assert "packs/one/pack.toml" in str(refused.value)


def test_a_lock_without_hashes_is_refused(tmp_path: Path) -> None:
    place = make(tmp_path, "one", more='[[python]]\nlock = "wheels.lock"\nvenv = "v"\n')
    (place / "wheels.lock").write_text("six==1.17.0\n")
    with pytest.raises(ContentError, match="pins nothing by hash"):
        pack.recipes(tmp_path)


def test_the_digest_is_of_what_the_image_is_made_of(tmp_path: Path) -> None:
    place = make(tmp_path, "one")
    before = pack.recipes(tmp_path)["one"].digest()
    text = (place / "pack.toml").read_text()
    (place / "pack.toml").write_text(text.replace("A pack", "Another sentence"))
    (place / "smoke.sh").write_text("exit 0\n")
    assert pack.recipes(tmp_path)["one"].digest() == before
    (place / "files").mkdir()
    (place / "files" / "hello").write_text("hello\n")
    with_file = pack.recipes(tmp_path)["one"].digest()
    assert with_file != before
    (place / "files" / "hello").chmod(0o755)
    assert pack.recipes(tmp_path)["one"].digest() != with_file


JAR = "org.slf4j:slf4j-api:2.0.17 sha256=" + "0" * 64


def test_jars_are_named_by_coordinates_and_pinned_by_their_sum() -> None:
    text = (
        f"# for people\n{JAR}\n\nio.zipkin:zipkin-server:jar:exec:3.6.1 sha256={'a' * 64} # one\n"
    )
    plain, classified = jars.read(text)
    assert plain.path == "org/slf4j/slf4j-api/2.0.17/slf4j-api-2.0.17.jar"
    assert classified.path == "io/zipkin/zipkin-server/3.6.1/zipkin-server-3.6.1-exec.jar"
    assert classified.sha256 == "a" * 64
    assert classified.purl == "pkg:maven/io.zipkin/zipkin-server@3.6.1?classifier=exec&type=jar"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no jar"),
        ("org.slf4j:slf4j-api:2.0.17\n", "line 1"),
        (JAR.replace("sha256", "md5"), "line 1"),
        (JAR[:-1], "line 1"),
        (JAR.replace("2.0.17", "../2.0.17"), "line 1"),
        (JAR.replace("2.0.17", ".."), "line 1"),
        (f"{JAR}\n{JAR}", "line 2 is a second slf4j-api-2.0.17.jar"),
    ],
)
def test_a_lock_of_jars_with_a_hole_is_refused(tmp_path: Path, text: str, said: str) -> None:
    place = make(tmp_path, "one", more='[[maven]]\nlock = "jars.lock"\ninto = "/opt/x"\n')
    (place / "jars.lock").write_text(text)
    with pytest.raises(ContentError, match=said) as refused:
        pack.recipes(tmp_path)
    assert "jars.lock" in refused.value.message


@pytest.mark.parametrize("into", ["opt/x", "/opt/../x", "/opt/x/"])
def test_what_is_brought_goes_to_a_whole_path(tmp_path: Path, into: str) -> None:
    place = make(tmp_path, "one", more=f'[[maven]]\nlock = "jars.lock"\ninto = "{into}"\n')
    (place / "jars.lock").write_text(JAR)
    with pytest.raises(ContentError, match="is not the path of a folder"):
        pack.recipes(tmp_path)


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ({"version": "7.7.2"}, "pins node_modules/semver by no integrity"),
        ({"integrity": "sha512-x", "resolved": "https://r.example/s"}, "from which registry"),
        (None, "names no packages"),
    ],
)
def test_a_lock_of_npm_with_a_hole_is_refused(
    tmp_path: Path, package: dict[str, str] | None, said: str
) -> None:
    place = make(tmp_path, "one", more='[[npm]]\nfolder = "web"\ninto = "/opt/x"\n')
    (place / "web").mkdir()
    (place / "web" / "package.json").write_text("{}")
    packages: dict[str, dict[str, str]] = {"": {}} | (
        {"node_modules/semver": package} if package else {}
    )
    (place / "web" / "package-lock.json").write_text(json.dumps({"packages": packages}))
    with pytest.raises(ContentError, match=said):
        pack.recipes(tmp_path)


MIRRORS = """<settings{namespace}><mirrors>
<mirror><mirrorOf>external:http:*</mirrorOf><url>http://blocked.example</url>
<blocked>true</blocked></mirror>
<mirror><mirrorOf>{of}</mirrorOf><url>https://jars.example/all</url></mirror>
</mirrors></settings>"""


@pytest.mark.parametrize(
    ("of", "found"),
    [("*", True), ("central", True), ("other, central", True), ("*,!central", False), ("x", False)],
)
@pytest.mark.parametrize("namespace", ["", ' xmlns="http://maven.apache.org/SETTINGS/1.2.0"'])
def test_mavens_mirror_is_that_of_its_settings(
    tmp_path: Path, of: str, namespace: str, found: bool
) -> None:
    path = tmp_path / "settings.xml"
    path.write_text(MIRRORS.format(of=of, namespace=namespace))
    wanted = "https://jars.example/all" if found else ""
    assert maven_mirror([tmp_path / "none.xml", path]) == wanted


def test_npms_settings_are_those_that_are_set() -> None:
    said = {
        "registry": "https://npm.example/",
        "proxy": None,
        "noproxy": [""],
        "strict-ssl": False,
        "fetch-timeout": 300000,
    }
    assert npm_settings(json.dumps(said)) == {
        "registry": "https://npm.example/",
        "strict-ssl": "false",
        "fetch-timeout": "300000",
    }
    assert npm_settings(json.dumps({"noproxy": ["a.example", "b.example"]})) == {
        "noproxy": "a.example,b.example"
    }
    assert npm_settings("npm: not found") == {}


def test_packs_are_built_alone_and_as_lessons_want_them_together() -> None:
    assert image.mixtures(["incus"]) == [("incus",)]
    assert image.mixtures(["proxies", "incus"]) == [
        ("proxies",),
        ("incus",),
        ("incus", "proxies"),
    ]


def test_what_is_there_by_itself_is_built_together_with_the_rest() -> None:
    """The command that is told makes what the lesson lacks: one pack of two would not."""
    lacking = PacksMissing(("incus",), "31 MB, about 1 minute", ("proxies", "incus"))
    assert "the pack incus together with proxies, not built so" in str(lacking)
    assert lacking.hint == "infralab setup --packs proxies incus"
    alone = PacksMissing(("git",), "13 MB, about 1 minute", ("git",))
    assert "the pack git, not built on this machine" in str(alone)
