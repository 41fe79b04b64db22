"""What a program needs in an image: itself, its loader and its libraries, each at its place."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from lab_engine.authoring import DockerImagePathsProbe, FileProbe, See, require
from labs.images.values import PROCESSORS

JQ = "/usr/bin/jq"
LIBRARIES = ("libjq.so.1", "libonig.so.5", "libm.so.6", "libc.so.6")
"""What jq and its libraries want, as `ldd` lists it in the bench."""
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
"""By the processor, the folder in which Debian keeps its libraries."""
LINKS = 4


def folders(processor: str) -> tuple[str, ...]:
    """Where a loader of Debian looks without being told (`ld.so --help`)."""
    own = (f"{top}/{TRIPLETS[processor]}" for top in ("/lib", "/usr/lib"))
    return (*own, "/lib", "/usr/lib", "/lib64", "/usr/lib64")


async def require_packed(see: See, name: str) -> None:
    """The program was packed, and at its place. Reasons: `no-program`, `flat`, `linked`."""
    flat = f"/{posixpath.basename(JQ)}"
    found = (await see(DockerImagePathsProbe(name, (JQ, flat, *PROCESSORS)))).paths
    kinds = {path: one.file.kind for path, one in found.items() if one.file.exists}
    expected, observed = f"{name} has a file {JQ}.", "It has none."
    look = f"docker save {name} | tar -t"
    at = kinds.get(JQ, "")
    require(
        at or kinds.get(flat) != "file",
        "flat",
        expected=expected,
        observed=f"It has {flat}.",
        look=look,
    )
    require(
        at or not any(path in kinds for path in PROCESSORS),
        "no-program",
        expected=expected,
        observed=f"{observed} Its loader is there.",
        look=look,
    )
    require(
        at != "link",
        "linked",
        expected=expected,
        observed="There it has a link.",
        look=look,
    )


async def files(see: See, image: str, paths: Sequence[str]) -> dict[str, str]:
    """Those of the paths that lead to a file in the image, by at most LINKS links: its SHA-256."""
    leads = {path: path for path in paths}
    for _ in range(LINKS):
        found = await see(DockerImagePathsProbe(image, tuple(sorted({*leads.values()}))))
        links = {
            path: posixpath.join(posixpath.dirname(at), found.paths[at].file.content)
            for path, at in leads.items()
            if found.paths[at].file.kind == "link"
        }
        if not links:
            break
        leads |= links
    # What leads on after so many links was not asked for any more.
    ends = {at: one.file.sha256 for at, one in found.paths.items() if one.file.kind == "file"}
    return {path: ends[at] for path, at in leads.items() if at in ends}


async def require_needed(see: See, name: str, told: Sequence[str]) -> None:
    """The image has the bench's loader and libraries, where they are looked for.

    Reasons: `no-loader`, `no-library`, `other-content`.

    Args:
        see: the check's way to ask.
        name: the image.
        told: folders in which its loader is told to look first.
    """
    loaders = [path for path in PROCESSORS if (await see(FileProbe(path))).exists]
    loader = loaders[0]
    processor = PROCESSORS[loader]
    usual = folders(processor)
    wanted = {one: [f"{at}/{one}" for at in (*told, *usual)] for one in LIBRARIES}
    there = await files(see, name, [loader, *(path for all in wanted.values() for path in all)])
    look = f"ldd {JQ}; docker run --rm {name} {JQ} -n 1 || true"
    expected = f"{name} has what {JQ} needs to run: "
    require(
        loader in there,
        "no-loader",
        expected=f"{expected}its loader {loader}.",
        observed="There is no file at that path.",
        look=look,
    )
    missing = [one for one, paths in wanted.items() if not there.keys() & paths]
    require(
        not missing,
        "no-library",
        expected=f"{expected}its libraries, where the loader looks.",
        observed=f"It looks for {', '.join(missing)} in vain.",
        look=look,
    )
    # The bench's own are in the first folder, be it a link to the second or not.
    ours = {one: (await see(FileProbe(f"{usual[0]}/{one}"))).sha256 for one in LIBRARIES}
    ours[loader] = (await see(FileProbe(loader))).sha256
    first = {one: next(at for at in paths if at in there) for one, paths in wanted.items()}
    first[loader] = loader
    other = next((one for one, at in first.items() if there[at] != ours[one]), "")
    require(
        not other,
        "other-content",
        expected=f"{expected}{other} as the bench has it.",
        observed="It is another file of that name.",
        look=f"sha256sum {usual[0]}/{other or '*'}",
    )
