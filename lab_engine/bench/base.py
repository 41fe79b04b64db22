"""Build the base image: Debian packages, a guest kernel, Python packages of the agent.

Two ways with one list of packages: `mmdebstrap` needs no registry; `base-image` starts from a
Debian image where one can be pulled. Each leaves nothing behind when it is interrupted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from lab_engine import __version__
from lab_engine import settings as settings_module
from lab_engine.bench import archive, build, engine, mmdebstrap, recipe, scratch, surroundings
from lab_engine.errors import ImageError

NEEDED: Final = 4 << 30
"""Bytes that a build takes at its worst: the tree, and the image made of it."""

DPKG: Final = (
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/??/*",
    "path-exclude=/usr/share/man/??_*/*",
)


def way(source: str) -> str:
    """Which of the two ways `auto` means here: `mmdebstrap` or `base-image`."""
    if source != "auto":
        return source
    able = mmdebstrap.there()
    # Without root it works in a user namespace, whose ids newuidmap maps (mmdebstrap(1), unshare).
    may = os.geteuid() == 0 or shutil.which("newuidmap")
    return "mmdebstrap" if able and may else "base-image"


def make(tag: str, progress: build.Progress) -> None:
    """Build the base image and give it `tag`.

    Raises:
        ImageError: something is missing or failed; says what, and what to do.
    """
    settings = settings_module.load()
    mirror = settings.mirror or recipe.host_mirror()
    with scratch.folder() as folder, scratch.signals_as_interrupt():
        if scratch.free_space(folder) < NEEDED:
            raise ImageError(
                f"building the bench image needs {NEEDED >> 30} GiB free in /var/tmp; there are "
                f"{scratch.free_space(folder) >> 20} MiB",
                hint="Free some space, or load a saved image with `infralab image load FILE`.",
            )
        progress("downloading the Python packages of the agent")
        inputs = _inputs(folder)
        if way(settings.image_source) == "mmdebstrap":
            _with_mmdebstrap(tag, folder, inputs, mirror, progress)
        else:
            _with_base_image(tag, inputs, mirror, progress)


def _inputs(folder: Path) -> bytes:
    """Everything that the scripts in the image need, as a tar of `infralab/...`."""
    wheels, source = recipe.split_lock()
    target = folder / "wheels"
    target.mkdir()
    files = recipe.scripts()
    files["wheels.lock"], files["sdists.lock"] = wheels.encode(), source.encode()
    for name in ("wheels.lock", "sdists.lock"):
        (folder / name).write_bytes(files[name])
    platforms = [word for name in recipe.PLATFORMS for word in ("--platform", name)]
    tags = [f"cp{recipe.PYTHON.replace('.', '')}", "abi3", "none"]
    abis = [word for name in tags for word in ("--abi", name)]
    versions = ["--python-version", recipe.PYTHON, "--implementation", "cp"]
    _pip(folder / "wheels.lock", target, ["--only-binary=:all:", *versions, *abis, *platforms])
    _pip(folder / "sdists.lock", target, ["--no-binary=:all:"], first=_pkg_config(folder))
    for path in sorted(target.iterdir()):
        files[f"wheels/{path.name}"] = path.read_bytes()
    return archive.tar_of({f"infralab/{name}": data for name, data in files.items()})


def _pkg_config(folder: Path) -> Path:
    """A folder with a `pkg-config` that answers with the version of the image's libvirt.

    To name a source package, pip runs its setup.py, and libvirt-python's asks pkg-config for
    libvirt even then. The host need have neither: the package is compiled in the image.
    """
    tools = folder / "tools"
    tools.mkdir()
    program = tools / "pkg-config"
    # The version of trixie's libvirt, to which agent.lock pins libvirt-python.
    program.write_text("#!/bin/sh\necho 11.3.0\n")
    program.chmod(0o755)
    return tools


def _pip(lock: Path, target: Path, options: list[str], *, first: Path | None = None) -> None:
    """Download with this host's pip, so that its index and certificate settings count.

    The programs in the folder `first` go before those on PATH.
    """
    pythons = [sys.executable, "python3", "/usr/bin/python3"]
    command = ["-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--require-hashes", "-r", str(lock), "-d", str(target), *options]
    for python in pythons:
        try:
            probe = subprocess.run(
                [python, "-m", "pip", "--version"], capture_output=True, timeout=30, check=False
            )
        except OSError:
            continue
        if probe.returncode == 0:
            break
    else:
        raise ImageError(
            "no Python with pip was found for downloading the agent's packages",
            hint="Install it: `sudo apt-get install python3-pip`.",
        )
    path = os.pathsep.join(part for part in (str(first or ""), os.environ.get("PATH", "")) if part)
    done = subprocess.run(
        [python, *command],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env={**surroundings.without_habits(os.environ), "PATH": path},
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        reason = [line for line in lines if line.startswith("ERROR")] or lines
        raise ImageError(
            f"the agent's Python packages cannot be downloaded: {' '.join(reason[-3:])}",
            hint="Check the network and pip's settings (`pip config list`), then run it again.",
        )


def _with_mmdebstrap(
    tag: str, folder: Path, inputs: bytes, mirror: str, progress: build.Progress
) -> None:
    (folder / "inputs.tar").write_bytes(inputs)
    words = [
        *mmdebstrap.words(recipe.packages(), DPKG, recipe.apt_options()), "--format=tar",
        *mmdebstrap.customize(folder / "inputs.tar"), recipe.SUITE, "-",
        *([mirror] if mirror else []),
    ]  # fmt: skip
    with mmdebstrap.running(words, folder, progress) as (process, follower):
        _import(tag, _output(process, follower.tail), progress)


def _output(process: subprocess.Popen[bytes], tail: list[str]) -> Iterator[bytes]:
    """The tarball; raises at its end when mmdebstrap failed, so that Docker drops what it got."""
    assert process.stdout is not None
    while block := process.stdout.read(1 << 18):
        yield block
    if process.wait(timeout=60):
        raise mmdebstrap.failure(tail)


def _import(tag: str, blocks: Iterator[bytes], progress: build.Progress) -> None:
    # The engine is not called before there is something to send: that takes minutes.
    first = next(blocks, b"")
    # The limit is for the answer, which comes when the engine has unpacked all of it.
    client = engine.connect(timeout=900)
    temporary = f"{build.BASE}:tmp-{os.getpid()}"
    sent = 0
    last = time.monotonic()

    def counted() -> Iterator[bytes]:
        nonlocal sent, last
        yield first
        for block in blocks:
            sent += len(block)
            if time.monotonic() - last > 1:
                last = time.monotonic()
                progress(f"importing into Docker: {sent >> 20} MiB")
            yield block
        progress("Docker unpacks the image")

    changes = [
        f'LABEL infralab.kind="base-image" infralab.version="{__version__}"',
        'CMD ["/bin/bash"]',
    ]
    try:
        with engine.explain("importing the root file system"):
            # `import_image` of the SDK wants a file; the plain call takes a stream.
            answer = client.api._post(
                client.api._url("/images/create"),
                params={"fromSrc": "-", "repo": build.BASE, "tag": temporary.partition(":")[2],
                        "changes": changes},
                data=counted(),
                headers={"Content-Type": "application/tar"},
            )  # fmt: skip
            client.api._raise_for_status(answer)
            # The engine has said 200 by then: what fails later is a message in the answer's body.
            if '"error"' in answer.text:
                raise ImageError(
                    f"Docker cannot import the root file system: {answer.text.strip()}",
                    hint="Check the disk (`docker system df`), then run it again.",
                )
            build.retag(client, temporary, tag)
    except BaseException:
        with suppress(Exception):
            client.api.remove_image(temporary, force=True)
        raise


def _with_base_image(tag: str, inputs: bytes, mirror: str, progress: Callable[[str], None]) -> None:
    """`docker build` from a Debian image, with the host's network and apt settings."""
    conf = "\n".join(f"{line}" for line in recipe.apt_options())
    install = (
        "echo 'infralab: reading the package lists of Debian' && apt-get -q update"
        " && echo 'infralab: installing packages'"
        " && apt-get -q -y --no-install-recommends install "
        f"{' '.join(recipe.packages())}"
    )
    lines = [
        f"FROM debian:{recipe.SUITE}-slim",
        f'LABEL infralab.kind="base-image" infralab.version="{__version__}"',
        "ADD inputs.tar /tmp/",
        "RUN cp /tmp/infralab/build-apt.conf /etc/apt/apt.conf.d/99infralab-build"
        " && if [ -s /tmp/infralab/build-sources.list ]; then"
        " rm -f /etc/apt/sources.list.d/*;"
        " cp /tmp/infralab/build-sources.list /etc/apt/sources.list; fi"
        " && cp /tmp/infralab/build-dpkg.cfg /etc/dpkg/dpkg.cfg.d/99infralab"
        f" && export DEBIAN_FRONTEND=noninteractive && {install}"
        " && sh /tmp/infralab/customize.sh /tmp/infralab"
        " && apt-get clean && rm -rf /tmp/infralab /var/lib/apt/lists/* /var/cache/apt/*.bin",
        f'LABEL infralab.kind="base-image" infralab.version="{__version__}"',
    ]
    sources = f"deb {mirror} {recipe.SUITE} main\n" if mirror else ""
    extra = {
        "infralab/build-apt.conf": conf.encode() + b"\n",
        "infralab/build-sources.list": sources.encode(),
        "infralab/build-dpkg.cfg": "\n".join(DPKG).encode() + b"\n",
    }
    context = archive.tar_of(
        {
            "Dockerfile": "\n".join(lines).encode(),
            "inputs.tar": archive.joined(inputs, extra),
        }
    )
    proxies = {
        name: os.environ[name]
        for name in ("http_proxy", "https_proxy", "no_proxy")
        if name in os.environ
    }
    client = engine.connect(timeout=1800)
    follower = build.Follower(progress)
    try:
        # The host's network, since a proxy or a mirror may listen on its loopback address only.
        build.build_from(client, context, tag, follower, network_mode="host", buildargs=proxies)
    except ImageError as error:
        # Our own lines come when the Debian image is there: without one it was not pulled.
        if "infralab: " in "\n".join(follower.tail):
            raise
        raise ImageError(
            f"the image debian:{recipe.SUITE}-slim cannot be pulled: {error.message}",
            hint="Build without a registry instead: `sudo apt-get install mmdebstrap uidmap "
            "debian-archive-keyring`, or load a saved image with `infralab image load FILE`.",
        ) from error
