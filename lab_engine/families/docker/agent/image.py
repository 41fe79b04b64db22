"""Images, from the archives that the bench carries. Nothing is pulled.

An image is known by its id, which is the hash of its configuration and content: it is ours when
its id is the one in our archive. A mark in the image itself would change that id, and would pass to
every container and image made from it, the learner's too.
"""

from __future__ import annotations

import tarfile
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Final

import docker.errors
import msgspec

from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent import named
from lab_engine.families.docker.agent.engine import WORK_SECONDS, Api, asking, foreign, free
from lab_engine.families.docker.resources import Image
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

ARCHIVES: Final = Path("/usr/lib/infralab/images")


class Archive(msgspec.Struct, frozen=True):
    """What an archive of `docker save` holds: the image's id and the name it is loaded under."""

    id: str
    reference: str


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> Archive:
    with tarfile.open(path) as archive:
        member = archive.extractfile("manifest.json")
        if member is None:
            raise KeyError("manifest.json")
        entry = msgspec.json.decode(member.read())[0]
    # HASH.json, or blobs/sha256/HASH in an archive of Docker 25 and later.
    config = Path(entry["Config"]).name.removesuffix(".json")
    return Archive(f"sha256:{config}", (entry["RepoTags"] or [""])[0])


def archive_of(wanted: Image) -> tuple[Path, Archive]:
    """The archive an image comes from. Raises ProviderError when there is none, or a broken one."""
    path = ARCHIVES / f"{wanted.source}.tar"
    try:
        return path, _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        names = ", ".join(sorted(p.stem for p in ARCHIVES.glob("*.tar"))) or "none"
        raise ProviderError(
            f"the bench carries no image {wanted.source!r}; it has: {names}",
            resource=wanted.key,
            hint="Build the bench image again: `infralab image build`.",
        ) from error
    except (OSError, tarfile.TarError, msgspec.DecodeError, LookupError) as error:
        raise ProviderError(
            f"{path} is no archive of an image ({error})",
            resource=wanted.key,
            hint="Build the bench image again: `infralab image build`.",
        ) from error


class ImageProvider(Provider[Image]):
    resource = Image
    family = "docker"
    limits: ClassVar[dict[str, float]] = {"create": 120}

    def __init__(self) -> None:
        self._loading = threading.Lock()

    def observe(self, wanted: Sequence[Image], mark: Mark) -> dict[str, Sighting]:
        with asking("list its images") as api:
            found = {
                reference: entry["Id"]
                for entry in api.images()
                for reference in entry["RepoTags"] or ()
            }
        return {resource.name: self._sighting(resource, found) for resource in wanted}

    def _sighting(self, wanted: Image, found: dict[str, str]) -> Sighting:
        there = found.get(wanted.reference)
        if there is None:
            return ABSENT
        ours = there == archive_of(wanted)[1].id
        return Sighting(
            present=True,
            ours=ours,
            drift="" if ours else "is another image than the lesson's",
            facts={"id": there},
        )

    def create(self, wanted: Image, mark: Mark, say: Say) -> None:
        path, archive = archive_of(wanted)
        # Two names from one archive must not take each other for what was there before.
        with (
            self._loading,
            asking(f"load the image {wanted.name}", wanted.key, seconds=WORK_SECONDS) as api,
        ):
            if self._id_of(api, wanted.reference) not in ("", archive.id):
                raise foreign("an image", wanted.key)
            if not self._id_of(api, archive.id):
                say(f"loading {wanted.source}")
                self._load(api, path, wanted)
            if self._id_of(api, wanted.reference) != archive.id:
                repository, _, tag = wanted.reference.rpartition(":")
                api.tag(archive.id, repository, tag)

    def _load(self, api: Api, path: Path, wanted: Image) -> None:
        """Load an archive without the name that it carries, unless that is the wanted one."""
        carried = archive_of(wanted)[1].reference
        with path.open("rb") as stream:
            for line in api.load_image(stream, quiet=True):
                # The answer begins, with status 200, before the load has failed.
                if "error" in line:
                    raise ProviderError(
                        f"the engine cannot load {path}: {line['error']}",
                        resource=wanted.key,
                        hint="`df -h /var/lib/docker` shows whether the disk is full.",
                    )
        # The archive's own name would be one more image in the learner's list.
        if carried != wanted.reference:
            repository, _, tag = wanted.reference.rpartition(":")
            api.tag(carried, repository, tag)
            api.remove_image(carried)

    def _id_of(self, api: Api, reference: str) -> str:
        try:
            return str(named.image(api, reference)["Id"])
        except docker.errors.NotFound:
            return ""

    def destroy(self, name: str, mark: Mark) -> None:
        """Remove the name, and the image with its last name."""
        wanted = Image(name)
        with asking(f"remove the image {name}", wanted.key, seconds=WORK_SECONDS) as api:
            ids = {self._archive_id(path) for path in ARCHIVES.glob("*.tar")}
            if self._id_of(api, wanted.reference) not in ids:
                return
            users = api.containers(all=True, filters={"ancestor": wanted.reference})
            free(api, users, wanted.key, mark)
            try:
                api.remove_image(wanted.reference)
            except docker.errors.NotFound:
                return

    def _archive_id(self, path: Path) -> str:
        try:
            return _read(path, path.stat().st_mtime_ns).id
        except (OSError, tarfile.TarError, msgspec.DecodeError, LookupError):
            return ""

    def owned(self) -> Iterable[Owned]:
        """None: an image has no room for a session's mark, and leaves with the bench."""
        return ()
