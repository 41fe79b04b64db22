"""Make one pack, as root in a container that is nothing but that: `make.py compile` or `lay`.

`compile` has compilers and the network, and leaves what it made in the cache, whole or not at all.
`lay` puts that and Debian's packages into this container's own root, which becomes the image. What
is handed on for the network (proxies, indexes, certificates) lies on a volume: a volume is in no
image, while the environment of a container would be.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lab_engine.packs.inside import boxes, jars, npm
from lab_engine.packs.inside.common import (
    CACHE,
    INPUTS,
    OUT,
    RECIPE,
    Component,
    bill_of,
    keep,
    link,
    run,
    say,
    unpack,
)

BILLS = Path("/usr/share/infralab/packs")
POLICY = Path("/usr/sbin/policy-rc.d")
LISTS_LAST = 1800.0
"""Seconds."""
GO_BILL = 3
"""Counts up when the list of a Go program has more in it: what was kept before is made anew."""
APT = ["apt-get", "-q", "-y", "--no-install-recommends"]
LICENCES = {
    "Apache License": "Apache-2.0",
    "Mozilla Public License": "MPL-2.0",
    "MIT License": "MIT",
    "Permission is hereby granted, free of charge": "MIT",
    "Redistribution and use in source and binary forms": "BSD-3-Clause",
    "Permission to use, copy, modify, and/or distribute": "ISC",
    "Permission to use, copy, modify, and distribute": "ISC",
    "GNU LESSER GENERAL PUBLIC": "LGPL-3.0",
    "GNU AFFERO": "AGPL-3.0",
    "GNU GENERAL PUBLIC": "GPL-3.0",
    "Creative Commons": "CC-BY-4.0",
}
LEFTOVERS = (
    "var/log/apt/*", "var/log/*.log", "var/cache/debconf/*-old", "var/cache/apt/*.bin",
    "var/lib/dpkg/*-old", "tmp/*", "root/.cache", "root/.config",
)  # fmt: skip


def main() -> None:
    handed = json.loads((INPUTS / "handed.json").read_text())
    os.environ.update(handed["env"], DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
    if handed["certificates"]:
        bundle = INPUTS / "certificates.pem"
        bundle.write_text(handed["certificates"])
        for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            os.environ[name] = str(bundle)
        # pip and Go would look here first, where the image's own lie.
        os.environ.pop("SSL_CERT_DIR", None)
    pack = json.loads((INPUTS / "pack.json").read_text())
    apt = Apt(handed["apt"], handed["mirror"])
    if sys.argv[1] == "compile":
        compile_all(pack, apt, handed["maven"])
    else:
        lay(pack, apt)


class Apt:
    """Debian's packages, with the lists and archives in the cache and the settings on a volume."""

    def __init__(self, options: list[str], mirror: str) -> None:
        self.config = INPUTS / "apt.conf"
        archives, lists = CACHE / "apt" / "archives", CACHE / "apt" / "lists"
        for folder in (archives, lists):
            (folder / "partial").mkdir(parents=True, exist_ok=True)
        sources = INPUTS / "sources.list"
        sources.write_text(self._sources(mirror))
        lines = [
            *options,
            f'Dir::Etc::SourceList "{sources}";',
            'Dir::Etc::SourceParts "/dev/null";',
            f'Dir::Cache::Archives "{archives}";',
            f'Dir::State::Lists "{lists}";',
            # The folders are root's; apt's own user may not write there.
            'APT::Sandbox::User "root";',
            'APT::Keep-Downloaded-Packages "true";',
            'Dpkg::Options { "--force-unsafe-io"; };',
        ]
        self.config.write_text("\n".join(lines) + "\n")
        os.environ["APT_CONFIG"] = str(self.config)
        self.archives = archives
        self.lists = lists

    def _sources(self, mirror: str) -> str:
        own = Path("/etc/apt/sources.list").read_text().split()
        uri, suite = mirror or own[1], own[2]
        lines = [f"deb {uri} {suite} main"]
        # The archive of security fixes lies beside the main one, on Debian's mirrors and elsewhere.
        if uri.rstrip("/").endswith("/debian"):
            security = uri.rstrip("/") + "-security"
            lines.append(f"deb {security} {suite}-security main")
        return "\n".join(lines) + "\n"

    def read_lists(self) -> None:
        stamp = self.lists / "read"
        # What it holds by then is still on every mirror; reading it anew takes up to half a minute.
        if not stamp.exists() or time.time() - stamp.stat().st_mtime > LISTS_LAST:
            say("reading the package lists of Debian")
            run(["apt-get", "-q", "update"])
            stamp.touch()

    def install(self, packages: Iterable[str]) -> None:
        self.read_lists()
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
        say("installing packages of Debian")
        run([*APT, "install", *packages])
        POLICY.unlink()


# -- compile ---------------------------------------------------------------------------------------


def compile_all(pack: dict[str, Any], apt: Apt, mirror: str) -> None:
    wheels = [part for part in pack["python"] if not (OUT / python_key(part)).exists()]
    programs = [
        (part, program)
        for part in pack["go"]
        for program in part["programs"]
        if not (OUT / go_key(part, program) / "bill.json").exists()
    ]
    nodes, archives = npm.missing(pack), jars.missing(pack)
    needed = ["python3-venv", "python3-pip"] if wheels else []
    needed += ["golang-go"] if programs else []
    needed += ["npm"] if nodes else []
    if needed:
        apt.install(needed)
    if archives and not mirror:
        apt.read_lists()
    for part in wheels:
        install_wheels(part)
    for part in nodes:
        npm.install(part)
    for part in archives:
        jars.fetch(part, mirror)
    for number, (part, program) in enumerate(programs, 1):
        build_program(part, program, f"{number} of {len(programs)}")
    if programs:
        # Gigabytes, and of no use once everything is built.
        shutil.rmtree(CACHE / "go", ignore_errors=True)


def python_key(part: dict[str, Any]) -> str:
    digest = hashlib.sha256((RECIPE / part["lock"]).read_bytes())
    digest.update(f"{part['venv']} {sys.version_info[:2]}".encode())
    return f"python-{digest.hexdigest()[:16]}"


def install_wheels(part: dict[str, Any]) -> None:
    say(f"downloading the Python packages of {part['venv']}")
    lock, wheels = RECIPE / part["lock"], CACHE / "wheels"
    wheels.mkdir(exist_ok=True)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "--no-input"]
    exact = ["--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(lock)]
    run([*pip, "download", "-d", str(wheels), *exact])
    target = Path("/opt/packs") / part["venv"]
    run([sys.executable, "-m", "venv", "--without-pip", str(target)])
    run([*pip, "--python", str(target), "install", "--no-index", "-f", str(wheels), *exact])
    bill = [
        {
            "type": "library",
            "name": (fields := metadata(path)).get("Name", path.parent.name),
            "version": fields.get("Version", ""),
            "licence": fields.get("License-Expression") or fields.get("License", "")[:60],
            "purl": f"pkg:pypi/{fields.get('Name', '').lower()}@{fields.get('Version', '')}",
        }
        for path in sorted(target.glob("lib/python*/site-packages/*.dist-info/METADATA"))
    ]
    keep(python_key(part), {"venv": target}, bill)


def metadata(path: Path) -> dict[str, str]:
    """The first of each field of a distribution's METADATA (core metadata specifications)."""
    head = path.read_text(errors="replace").partition("\n\n")[0]
    fields: dict[str, str] = {}
    for line in head.splitlines():
        name, colon, value = line.partition(": ")
        if colon and not line.startswith(" "):
            fields.setdefault(name, value.strip())
    return fields


def go_key(part: dict[str, Any], program: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps([program, part["toolchain"], GO_BILL]).encode())
    folder = RECIPE / part["folder"]
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return f"go-{program['name']}-{digest.hexdigest()[:16]}"


def build_program(part: dict[str, Any], program: dict[str, Any], place: str) -> None:
    say(f"compiling {program['name']} ({place})")
    folder = RECIPE / part["folder"]
    env = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": part["toolchain"],
        "GOFLAGS": " ".join(filter(None, [os.environ.get("GOFLAGS", ""), "-buildvcs=false"])),
        # In the cache: a build that was broken off goes on with what it has compiled.
        "GOCACHE": str(CACHE / "go" / "build"),
        "GOPATH": str(CACHE / "go"),
        "HOME": "/root",
    }
    made = Path("/tmp") / program["name"]  # noqa: S108 - this container has one user
    flags = f"-s -w {program['ldflags']}".strip()
    build = ["go", "build", "-trimpath", "-ldflags", flags, "-o", str(made), program["package"]]
    run(build, cwd=folder, env=env)
    listed = subprocess.run(
        ["go", "version", "-m", str(made)],
        check=True, capture_output=True, text=True, env=env, cwd=folder,
    ).stdout  # fmt: skip
    key = go_key(part, program)
    bill = go_bill(listed, program["name"], key.rpartition("-")[2], Path(env["GOPATH"]))
    keep(key, {program["name"]: made}, list(bill))


def go_bill(listed: str, name: str, source: str, gopath: Path) -> Iterator[Component]:
    """The modules in a program, as `go version -m` tells, with the licence of each one's own file.

    The program's version is that of the module it comes from; `source`, a digest, is that of one
    whose source is in the recipe. Go's own library is listed as scanners expect it.
    """
    # Lines of a word and its fields between tabs (debug.BuildInfo.String of Go's own library).
    lines = [line.strip("\n\t").split("\t") for line in listed.splitlines()]
    go = lines[0][0].rpartition(": go")[2]
    modules: list[list[str]] = []
    for word, *fields in lines:
        if word in ("mod", "dep"):
            modules.append(fields)
        elif word == "=>":
            # It was taken in place of the one in the line before.
            modules[-1] = fields
    # The first is the one that the program itself is in.
    (_, version, *_), *others = modules
    if version == "(devel)":
        version = f"recipe-{source}"
    yield {"type": "application", "name": name, "version": version.removeprefix("v")}
    yield {
        "type": "library",
        "name": "stdlib",
        "version": go,
        "licence": "BSD-3-Clause",
        "purl": f"pkg:golang/stdlib@{go}",
    }
    for path, version, *_ in others:
        # Capital letters are written with `!` in the module cache (go.dev/ref/mod).
        place = re.sub("[A-Z]", lambda found: "!" + found[0].lower(), f"{path}@{version}")
        yield {
            "type": "library",
            "name": path,
            "version": version,
            "licence": licence_of(gopath / "pkg" / "mod" / place),
            "purl": f"pkg:golang/{path}@{version}",
        }


def licence_of(folder: Path) -> str:
    for path in sorted(folder.glob("LICEN[CS]E*")) + sorted(folder.glob("COPYING*")):
        text = path.read_text(errors="replace")[:3000] if path.is_file() else ""
        for words, name in LICENCES.items():
            if words.lower() in " ".join(text.split()).lower():
                return name
    return ""


# -- lay -------------------------------------------------------------------------------------------


def lay(pack: dict[str, Any], apt: Apt) -> None:
    bill: list[Component] = []
    if pack["debian"]:
        before = installed()
        apt.install(pack["debian"]["packages"])
        bill += debian_bill(before, apt.archives)
    for part in pack["python"]:
        unpack(python_key(part), "venv", Path("/opt/packs"))
        bill += bill_of(python_key(part))
        for command in part["commands"]:
            link(f"/opt/packs/{part['venv']}/bin/{command}", command)
    for part in pack["go"]:
        for program in part["programs"]:
            unpack(go_key(part, program), program["name"], Path(part["into"]))
            bill += bill_of(go_key(part, program))
        for command in part["commands"]:
            link(f"{part['into']}/{command}", command)
    for part in pack["npm"]:
        bill += npm.lay(part)
    for part in pack["maven"]:
        bill += jars.lay(part)
    if (RECIPE / "files").is_dir():
        say("laying its files")
        lay_files(RECIPE / "files")
    for part in pack["image"]:
        bill += boxes.make(part)
    if (RECIPE / "finish.sh").is_file():
        say("finishing")
        run(["sh", "-eu", str(RECIPE / "finish.sh")])
    clean()
    BILLS.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"pack": pack["name"], "version": pack["version"], "components": bill})
    (BILLS / f"{pack['name']}.json").write_text(text)
    # The client reads it from the log: it is part of the image's name.
    say(f"resolved {hashlib.sha256(text.encode()).hexdigest()[:8]}")


def lay_files(source: Path) -> None:
    """Lay files over the root: root's, and executable where they are so in the clone."""
    for path in sorted(source.rglob("*")):
        target = Path("/") / path.relative_to(source)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            shutil.copyfile(path, target)
            target.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def installed() -> dict[str, str]:
    """Debian's packages in this root: name to version."""
    listed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}\n"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in listed.splitlines()}


def debian_bill(before: dict[str, str], archives: Path) -> Iterator[Component]:
    for name, about in sorted(installed().items()):
        if before.get(name) == about:
            continue
        version, _, machine = about.partition(" ")
        # apt writes an epoch's colon as %3a in a file's name.
        archive = archives / f"{name}_{version.replace(':', '%3a')}_{machine}.deb"
        yield {
            "type": "library",
            "name": name,
            "version": version,
            "licence": debian_licence(archive, name),
            "purl": f"pkg:deb/debian/{name}@{version}?arch={machine}",
            "sha256": hashlib.sha256(archive.read_bytes()).hexdigest() if archive.exists() else "",
        }


def debian_licence(archive: Path, name: str) -> str:
    """The licences that a package's copyright file names in Debian's own form (DEP-5)."""
    if not archive.exists():
        return ""
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        text = b""
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            for member in tar:
                if member.name == f"./usr/share/doc/{name}/copyright" and member.isfile():
                    file = tar.extractfile(member)
                    text = file.read() if file else b""
        process.stdout.read()
    found = re.findall(r"^License: *([\w.+-]+)", text.decode(errors="replace"), re.MULTILINE)
    return " AND ".join(dict.fromkeys(found))[:200]


def clean() -> None:
    """Nothing of this build's stays in the image but what it is for."""
    for pattern in LEFTOVERS:
        for path in Path("/").glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


if __name__ == "__main__":
    main()
