"""Whose commits a repository believes: signatures, and a trial with one that has none (agent)."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common import ordinary
from lab_engine.common.probe import Probe
from lab_engine.families.ostree import probes as s
from lab_engine.families.ostree.agent.command import remote, run, settings
from lab_engine.families.ostree.agent.readers import resolved

_BRANCH: Final = "trial"
_KEYS_LIMIT: Final = 1 << 20
_FOR_IT: Final = re.compile(r"signature|verification", re.IGNORECASE)
_KEPT: Final = re.compile(r"^(?:Key: (\w+)|  UID: (.*))$", re.MULTILINE)
_SIGNED: Final = re.compile(r"Signature made .* using \S+ key ID ([0-9A-F]+)\n\s*(.*)")


def signature(probe: s.OstreeSignatureProbe) -> s.OstreeSignatureReading:
    found = resolved(probe.path, probe.revision)
    if not found:
        return s.OstreeSignatureReading(exists=False)
    said = run(probe.path, "show", f"--gpg-verify-remote={probe.remote}", found)
    signed = _SIGNED.findall(said.out)
    kept: dict[str, tuple[str, ...]] = {}
    for key, name in _KEPT.findall(run(probe.path, "remote", "gpg-list-keys", probe.remote).out):
        if key:
            kept[key] = ()
        elif kept:
            last = next(reversed(kept))
            kept[last] = (*kept[last], name.strip())
    return s.OstreeSignatureReading(
        keys=tuple(key for key, _ in signed),
        good=tuple(key for key, word in signed if word.startswith("Good signature")),
        kept=kept,
    )


def forgery(probe: s.OstreeForgeryProbe) -> s.OstreeForgeryReading:
    about = settings(Path(probe.path, "config"))
    section = remote(probe.remote)
    if not about.has_section(section):
        return s.OstreeForgeryReading(tried=False)
    folder = Path(tempfile.mkdtemp(prefix="trial-", dir="/tmp"))
    try:
        return _trial(probe, dict(about[section]), folder)
    except OSError as error:
        return s.OstreeForgeryReading(tried=False, said=error.strerror or str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _trial(
    probe: s.OstreeForgeryProbe, how: dict[str, str], folder: Path
) -> s.OstreeForgeryReading:
    owner = Path(probe.path).stat()
    for name in ("from", "into", "tree"):
        (folder / name).mkdir()
    (folder / "tree" / "file").write_text("nobody signed this\n")
    for path in (folder, *folder.iterdir()):
        os.chown(path, owner.st_uid, owner.st_gid)
    source, into = str(folder / "from"), str(folder / "into")
    made = [
        run(source, "init", "--mode=archive"),
        run(into, "init", "--mode=bare-user-only"),
        run(source, "commit", f"--branch={_BRANCH}", f"--tree=dir={folder}/tree"),
    ]
    if failed := next((one for one in made if one.code != 0), None):
        return s.OstreeForgeryReading(tried=False, said=failed.err.strip())
    lines = [f"[{remote(probe.remote)}]", f"url=file://{source}"]
    lines += [f"{key}={word}" for key, word in how.items() if key not in _ELSEWHERE]
    with (folder / "into" / "config").open("a") as file:
        file.write("\n" + "\n".join(lines) + "\n")
    name = f"{probe.remote}.trustedkeys.gpg"
    if Path(probe.path, name).exists():
        Path(into, name).write_bytes(ordinary.read(Path(probe.path, name), _KEYS_LIMIT))
        Path(into, name).chmod(0o644)
    said = run(into, "pull", probe.remote, _BRANCH)
    refused = said.code != 0 and _FOR_IT.search(said.err) is not None
    # What failed for another reason shows nothing.
    return s.OstreeForgeryReading(
        tried=refused or said.code == 0, refused=refused, said=said.err.strip()[-300:]
    )


_ELSEWHERE: Final = frozenset({"url", "contenturl", "metalink", "proxy", "branches"})
"""Settings of a remote that say where it is, which is elsewhere in a trial."""

READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    s.OstreeSignatureProbe: signature,
    s.OstreeForgeryProbe: forgery,
}
