"""What is asked of the layer, the config and the list that are made by hand."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping

from lab_engine.authoring import (
    FileProbe,
    OciLayoutProbe,
    OciLayoutReading,
    See,
    require,
    require_blobs,
)
from labs.images.parcel import BUSYBOX, PAGE, SERVER, copied, folder, layers, paged
from labs.images.values import BLOBS, PROCESSORS, Values

NAME = re.compile(r"[0-9a-f]{64}")
DIGEST = re.compile(r"(sha256:)?[0-9a-f]{64}")
PORT = "80"
HOME = "/srv"


async def require_named(see: See, v: Values) -> OciLayoutReading:
    """The folder has blobs that are called by their hash. Reasons: `other-name`, `lying-blob`."""
    at = folder(v)
    names = (await see(OciLayoutProbe(at))).blobs
    odd = next((name for name in names if not NAME.fullmatch(name)), "")
    require(
        not odd,
        "other-name",
        expected="The name of each blob is 64 digits, 0 to 9 and a to f, and nothing more.",
        observed=f"One is called {odd[:80]!r}.",
        look=f"ls -l {at}/{BLOBS}",
    )
    return await require_blobs(see, at)


def require_whole_layer(found: OciLayoutReading, v: Values) -> None:
    """A blob is the layer that serves the page.

    Reasons: `no-archive`, `no-page`, `other-page`, `no-busybox`, `no-link`, `link-to-nothing`,
    `copied`.
    """
    each = f"cd {folder(v)}/{BLOBS} && for f in *; do"
    require(
        found.of_kind("layer"),
        "no-archive",
        expected=f"One blob in {folder(v)} is an archive.",
        observed="None is.",
        look=f"ls -l {folder(v)}/{BLOBS}",
    )
    require(
        any(PAGE in blob.files for blob in found.of_kind("layer")),
        "no-page",
        expected=f"The archive has a file {PAGE}.",
        observed="It has none.",
        look=f"{each} tar -tf $f || true; done",
    )
    blobs = paged(found, v)
    require(
        blobs,
        "other-page",
        expected=f"The file {PAGE} in the archive says: {v.page}",
        observed="It says something else.",
        look=f"{each} tar -xOf $f ./{PAGE} || true; done",
    )
    inside = f"{each} tar -tvf $f || true; done"
    require(
        any(BUSYBOX in blob.files for blob in blobs),
        "no-busybox",
        expected=f"The archive has a file {BUSYBOX}.",
        observed="It has none.",
        look=inside,
    )
    named = [blob.files[SERVER] for blob in blobs if SERVER in blob.files]
    require(
        named,
        "no-link",
        expected=f"The archive has a link {SERVER} to busybox.",
        observed="It has none.",
        look=inside,
    )
    require(
        layers(found, v),
        "link-to-nothing",
        expected=f"The link {SERVER} in the archive leads to {BUSYBOX} in it.",
        observed=f"It leads to {named[0].text!r}."
        if named[0].kind == "link"
        else f"It is a {named[0].kind} of another content.",
        look=inside,
    )
    require(
        not all(copied(blob) for blob in blobs if blob.digest in layers(found, v)),
        "copied",
        expected=f"{SERVER} in the archive is a link.",
        observed=f"It is a second copy of {BUSYBOX}, with all its bytes.",
        look=inside,
    )


async def require_config(see: See, v: Values, found: OciLayoutReading) -> None:
    """A blob is the config of that layer.

    Reasons: `no-config`, `no-prefix`, `no-hash`, `other-layer`, `other-processor`, `no-command`,
    `one-word`, `background`, `other-words`.
    """
    each = f"cd {folder(v)}/{BLOBS} && for f in *; do"
    said = {name: blob.config for name, blob in found.blobs.items() if blob.config}
    require(
        said,
        "no-config",
        expected=f"One blob in {folder(v)} is a config in JSON, with its rootfs.",
        observed="None is.",
        look=f"ls -l {folder(v)}/{BLOBS}",
    )
    hashes = {*layers(found, v).values()}
    mine = {name: one for name, one in said.items() if set(one.diff_ids) & hashes}
    ids = [name for one in said.values() for name in one.diff_ids]
    look = f"{each} jq . $f 2> /dev/null || true; done"
    require(
        mine or not any(f"sha256:{name}" in hashes for name in ids),
        "no-prefix",
        expected="The diff_ids of the config say sha256: and the hash of your layer's archive.",
        observed="They say the hash alone.",
        look=look,
    )
    expected = "The diff_ids of the config hold the hash of your layer's archive, unpacked."
    require(
        mine or not ids or any(DIGEST.fullmatch(name) for name in ids),
        "no-hash",
        expected=expected,
        observed=f"They hold {ids[0][:80]!r}, which is no hash." if ids else "",
        look=look,
    )
    require(
        mine,
        "other-layer",
        expected=expected,
        observed="They hold another, or none.",
        look=f"cd {folder(v)}/{BLOBS} && sha256sum *",
    )
    ours = [name for path, name in PROCESSORS.items() if (await see(FileProbe(path))).exists]
    fit = {name: one for name, one in mine.items() if one.architecture in ours}
    require(
        fit,
        "other-processor",
        expected=f"The config says that it is for {' or '.join(ours)}.",
        observed=f"Its architecture is {next(iter(mine.values())).architecture!r}.",
        look=f"dpkg --print-architecture; {look}",
    )
    await _require_words(
        see, v, {name: (*one.entrypoint, *one.command) for name, one in fit.items()}
    )


async def _require_words(see: See, v: Values, says: Mapping[str, tuple[str, ...]]) -> None:
    at = f"{folder(v)}/{BLOBS}"
    look = f"cd {at} && for f in *; do jq .config $f 2> /dev/null || true; done"
    runs = [words for words in says.values() if words]
    # A config whose Cmd is a text and no list reads as one without.
    files = [] if runs else [*says]
    texts = [_as_text((await see(FileProbe(f"{at}/{name}"))).content) for name in files]
    single = [one[0] for one in runs if len(one) == 1 and " " in one[0]]
    single += [text for text in texts if text]
    require(
        runs or single,
        "no-command",
        expected="The config says under `config` what to run: Cmd.",
        observed="It does not.",
        look=look,
    )
    lists = [one for one in runs if len(one) > 1 or " " not in one[0]]
    require(
        lists,
        "one-word",
        expected="What to run is a list of words.",
        observed=f"It is one word: {single[0]!r}." if single else "",
        look=look,
    )
    expected = "The config says to run httpd in the foreground, with the words of the task."
    # As a word of its own or among other letters, be it in a shell's line.
    front = [one for one in lists if re.search(r"(^| )-[a-z]*f", " ".join(one))]
    require(
        front,
        "background",
        expected=expected,
        observed=f"There is no -f: it says {' '.join(lists[0])!r}.",
        look=look,
    )
    require(
        any(_serves(" ".join(one)) for one in front),
        "other-words",
        expected=expected,
        observed=f"It says {' '.join(front[0])!r}.",
        look=look,
    )


def _serves(line: str) -> bool:
    """Whether it names httpd, and no other port or folder; without a port, 80 is meant."""
    port = re.search(r"(?:^| )-[a-z]*p *(\S+)", line)
    home = re.search(r"(?:^| )-[a-z]*h *(\S+)", line)
    return (
        "httpd" in line
        and (port is None or port[1].rpartition(":")[2] == PORT)
        and (home is None or posixpath.normpath(home[1]) == HOME)
    )


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _as_text(text: str) -> str:
    """What a config has as a text where a list of words belongs."""
    said = _parsed(text)
    runs = said.get("config") if isinstance(said, dict) else None
    found = (runs.get("Cmd") or runs.get("Entrypoint")) if isinstance(runs, dict) else None
    return found if isinstance(found, str) else ""


async def require_list(see: See, v: Values) -> None:
    """The list can be read and names files. Reasons: `no-list`, `no-array`, `listed-amiss`."""
    path = f"{folder(v)}/manifest.json"
    file = await see(FileProbe(path))
    require(
        file.kind == "file",
        "no-list",
        expected=f"There is a list {path}.",
        observed="There is none.",
        look=f"ls -l {folder(v)} {folder(v)}/blobs",
    )
    said = _parsed(file.content)
    entries = said if isinstance(said, list) else []
    require(
        entries and all(isinstance(one, dict) for one in entries),
        "no-array",
        expected=f"{path} is a list of JSON: brackets, and in them braces for each image.",
        observed="It has no brackets around it." if isinstance(said, dict) else "It is none.",
        look=f"jq . {path}",
    )
    config, named = entries[0].get("Config"), entries[0].get("Layers")
    names = [config, *named] if isinstance(named, list) else [config]
    for name in names:
        there = isinstance(name, str) and (await see(FileProbe(f"{folder(v)}/{name}"))).exists
        require(
            there,
            "listed-amiss",
            expected=f"What {path} names is there, by its path in {folder(v)}.",
            observed=f"It names {str(name)[:90]!r}, and no such file is there.",
            look=f"jq . {path}; ls {folder(v)}/{BLOBS}",
        )
