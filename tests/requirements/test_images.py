"""Statements about what images are made of: layouts in folders, and the engine's own."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator

import pytest

from lab_engine.authoring import See, layout_files, require_blobs, require_image, require_layout
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

WORK = "/home/learner/work"
LAYERS = [{"etc/motd": "hi\n"}, {"srv/index.html": "hello\n"}]
FILES = layout_files("shop:1", LAYERS, ["cat", "/srv/index.html"])
FOLDER = f"{WORK}/shop"
MANIFEST = "m=$(jq -r '.manifests[0].digest' index.json | sed s,sha256:,blobs/sha256/,)"
CONFIG = f"{MANIFEST}; c=$(jq -r .config.digest $m | sed s,sha256:,blobs/sha256/,)"
LAYER = f"{MANIFEST}; l=$(jq -r '.layers[1].digest' $m | sed s,sha256:,blobs/sha256/,)"
CALL = "call() { mv $1 blobs/sha256/$(sha256sum $1 | cut -c 1-64); }"


@pytest.fixture
async def shop(stage: Stage) -> AsyncIterator[Stage]:
    """The stage with a whole layout in the folder `shop`, and no images but the bench's."""
    written = [
        f"mkdir -p $(dirname shop/{path}); printf %b {_escaped(text)} > shop/{path}"
        for path, text in FILES.items()
    ]
    await stage.type("\n".join(written))
    yield stage
    await stage.type(
        "docker ps -aq | xargs -r docker rm -f >/dev/null; docker images --format "
        "'{{.Repository}}:{{.Tag}} {{.ID}}' | grep -v '^busybox:\\|^myapp:\\|^infralab' | "
        "sed 's/^<none>:<none> //; s/ .*//' | xargs -r docker rmi -f >/dev/null"
    )


def _escaped(text: str) -> str:
    """For printf, which knows zeros by their number."""
    return shlex.quote(text.replace("\\", "\\\\").replace("\0", "\\0000"))


async def blobs(see: See) -> None:
    await require_blobs(see, FOLDER)


async def whole(see: See) -> None:
    config, layers = await require_layout(see, FOLDER, tag="1", layers=2)
    assert config.command == ("cat", "/srv/index.html")
    assert layers[1].files["srv/index.html"].text == "hello\n"


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (blobs, "true", "pass"),
        (blobs, f"gzip -k $(ls blobs/sha256/* | head -1); {CALL}; call blobs/sha256/*.gz", "pass"),
        (blobs, "cd ..; mv shop real; ln -s real shop", "pass"),
        (blobs, "rm -r blobs", "no-layout"),
        (blobs, "rm -r blobs; touch blobs", "no-layout"),
        (blobs, "cd ..; rm -r shop; ln -s shop shop", "no-layout"),
        (blobs, "rm blobs/sha256/*", "no-blobs"),
        (blobs, f"{LAYER}; echo >> $l", "lying-blob"),
        (blobs, f"{CONFIG}; sed -i s/cat/rm/ $c", "lying-blob"),
        (blobs, "touch blobs/sha256/layer.tar", "lying-blob"),
        (blobs, "mkfifo blobs/sha256/$(printf %064d 1)", "lying-blob"),
        (blobs, "ln -s /dev/zero blobs/sha256/$(printf %064d 1)", "lying-blob"),
        (blobs, "mkdir blobs/sha256/$(printf %064d 1)", "lying-blob"),
        (blobs, "truncate -s 9G blobs/sha256/$(printf %064d 1)", "lying-blob"),
        (whole, "true", "pass"),
        (whole, "rm manifest.json", "pass"),
        (whole, "jq -c . index.json > i; mv i index.json", "pass"),
        (whole, "touch blobs/sha256/another", "pass"),
        (whole, "rm oci-layout", "no-version"),
        (whole, "echo 1.0.0 > oci-layout", "no-version"),
        (whole, "rm index.json", "no-index"),
        (whole, "cp manifest.json index.json", "no-index"),
        (whole, "sed -i s/'\"1\"'/'\"2\"'/ index.json", "no-index"),
        (whole, "jq '.manifests += [.manifests[0]|.digest = \"sha256:00\"]' index.json > i; "
         "mv i index.json", "several"),
        (whole, f"{CONFIG}; d=sha256:${{c##*/}}; s=$(stat -c %s $c); jq --arg d $d --argjson s $s "
         "'.manifests[0].digest = $d | .manifests[0].size = $s' index.json > i; mv i index.json",
         "no-manifest"),
        (whole, f"{MANIFEST}; echo >> $m", "no-such-blob"),
        (whole, f"{LAYER}; rm $l", "no-such-blob"),
        (whole, f"{CONFIG}; sed -i s/cat/rm/ $c", "no-such-blob"),
        (whole, "jq '.manifests[0].size += 1' index.json > i; mv i index.json", "other-size"),
        (whole, "jq 'del(.manifests[0].size)' index.json > i; mv i index.json", "other-size"),
        (whole, f"{MANIFEST}; {CALL}; jq '.config = .layers[0]' $m > n; d=$(sha256sum n); "
         "s=$(stat -c %s n); call n; jq --arg d sha256:${d%% *} --argjson s $s "
         "'.manifests[0].digest = $d | .manifests[0].size = $s' index.json > i; mv i index.json",
         "no-config"),
        (whole, f"{MANIFEST}; {CALL}; jq '.layers = [.config, .layers[1]]' $m > n; "
         "d=$(sha256sum n); s=$(stat -c %s n); call n; jq --arg d sha256:${d%% *} --argjson s $s "
         "'.manifests[0].digest = $d | .manifests[0].size = $s' index.json > i; mv i index.json",
         "no-layer"),
        (whole, f"{MANIFEST}; {CALL}; jq '.layers |= reverse' $m > n; d=$(sha256sum n); "
         "s=$(stat -c %s n); call n; jq --arg d sha256:${d%% *} --argjson s $s "
         "'.manifests[0].digest = $d | .manifests[0].size = $s' index.json > i; mv i index.json",
         "other-layers"),
    ],
)  # fmt: skip
async def test_layouts(shop: Stage, statement: object, script: str, reason: str) -> None:
    await shop.type(f"cd {FOLDER}; {script}")
    assert await shop.reason(statement) == reason  # type: ignore[arg-type]


async def test_the_number_of_layers(shop: Stage) -> None:
    async def one(see: See) -> None:
        await require_layout(see, FOLDER, layers=1)

    assert await shop.reason(one) == "other-number"


LOAD = "tar -C shop -c . | docker load -q >/dev/null"
ID = next(path for path, text in FILES.items() if '"rootfs"' in text).rpartition("/")[2]


async def ours(see: See) -> None:
    await require_image(see, "shop:1", id=f"sha256:{ID}", layers=2)


async def page(see: See) -> None:
    _, paths = await require_image(see, "shop:1", holds={"/srv/index.html": "hello"})
    assert paths["/srv/index.html"].layer == 1


async def on_busybox(see: See) -> None:
    _, paths = await require_image(see, "kid:1", base="busybox", layers=1, holds={"/f": ""})
    assert paths["/f"].layer == 1


async def small(see: See) -> None:
    await require_image(see, "shop:1", at_most=1 << 20)


KID = "docker run --name kid busybox"


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (ours, LOAD, "pass"),
        (ours, f"{LOAD}; docker tag shop:1 other:1; docker rmi shop:1; docker tag other:1 shop:1",
         "pass"),
        (ours, "docker tag busybox shop:1", "other-id"),
        (ours, f"{LOAD}; docker tag shop:1 shop:2; docker rmi shop:1", "no-image"),
        (ours, f"{LOAD}; docker tag shop:1 shop; docker rmi shop:1", "no-image"),
        (ours, f"cd shop; {CONFIG}; sed -i s/cat/rm/ $c; cd ..; {LOAD}", "other-id"),
        (page, LOAD, "pass"),
        (page, f"{LOAD}; docker create --name web shop:1; echo no > p; "
         "docker cp p web:/srv/index.html; docker commit web shop:1", "other-text"),
        (page, "docker tag busybox shop:1", "not-in-image"),
        (page, "docker create --name web busybox; mkdir -p d/index.html; docker cp d web:/srv; "
         "docker commit web shop:1", "not-in-image"),
        (on_busybox, f"{KID} touch /f; docker commit kid kid:1", "pass"),
        (on_busybox, f"{KID} touch /f; docker commit kid kid; docker tag kid kid:1", "pass"),
        (on_busybox, f"{KID} touch /f; docker export kid | docker import - kid:1", "other-base"),
        (on_busybox, f"{KID} touch /g; docker commit kid kid:1", "not-in-image"),
        (on_busybox, f"{KID} touch /f; docker commit kid kid:0; "
         "docker run --name two kid:0 touch /g; docker commit two kid:1", "other-layers"),
        (on_busybox, "docker tag busybox kid:1", "other-layers"),
        (small, LOAD, "pass"),
        (small, "docker tag busybox shop:1", "too-large"),
    ],
)  # fmt: skip
async def test_images(shop: Stage, statement: object, script: str, reason: str) -> None:
    await shop.type(script)
    assert await shop.reason(statement) == reason  # type: ignore[arg-type]


async def test_a_base_is_what_it_was(shop: Stage) -> None:
    """The tag may be put on another image afterwards."""
    await shop.start(on_busybox)
    await shop.type(f"{KID} touch /f; docker commit kid kid:1; {LOAD}")
    await shop.type("docker tag busybox real; docker tag shop:1 busybox")
    try:
        assert await shop.reason(on_busybox) == "pass"
    finally:
        await shop.type("docker tag real busybox; docker rmi real")
