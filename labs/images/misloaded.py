"""What goes wrong when an image made by hand is loaded, and started."""

from __future__ import annotations

from lab_engine.authoring import LabStep
from labs.images.parcel import (
    COMMAND,
    configured,
    hashed,
    listed,
    loaded,
    packed,
    run,
    tree,
)
from labs.images.values import BLOBS


def add_to(step: LabStep) -> None:
    """Adds the near misses of the tasks `load` and `serve`."""
    step.near_miss(
        "changed, and not loaded again",
        lambda v: [
            tree(v),
            packed(v),
            configured(v, command=COMMAND.replace("80", "81")),
            listed(v),
            loaded(v),
            f"rm {v.box}/{BLOBS}/{hashed('hull.json')}",
            configured(v),
            listed(v),
        ],
        rejected_by="load",
        reason="older-config",
        explain="Docker has the image by a config that is not in your folder now: an older one "
        "of yours, it seems. A new config has a new name, which the list has to name; then load it "
        "again.",
    )
    step.near_miss(
        "a tag misspelt",
        lambda v: [tree(v), packed(v), configured(v), listed(v, tag=f"{v.box}:latest"), loaded(v)],
        rejected_by="load",
        reason="no-image",
    )
    step.near_miss(
        "another image of that name",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            f"tar -C hull -c . | docker import - {v.box}:1",
        ],
        rejected_by="load",
        reason="not-yours",
        explain="Docker wrote a config of its own for that image. Load the one that your config "
        "describes: then its id is the name of your config.",
    )
    step.near_miss(
        "another port",
        lambda v: [tree(v), packed(v), configured(v, command=COMMAND.replace("80", "8080"))],
        rejected_by="config",
        reason="other-words",
    )
    step.near_miss(
        "an entry, and no list",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            f"{listed(v)} && jq '.[0]' {v.box}/manifest.json > one && mv one {v.box}/manifest.json",
        ],
        rejected_by="load",
        reason="no-array",
        explain="There could be several images in it, so it is a list even for one: brackets stand "
        "around the braces.",
    )
    step.near_miss(
        "the hashes without their folder",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            f"{listed(v)} && sed -i s,{BLOBS}/,, {v.box}/manifest.json",
        ],
        rejected_by="load",
        reason="listed-amiss",
        explain="Each file is named by its path from the list's own folder: `blobs/sha256/`, and "
        "the name that it has there now.",
    )
    step.near_miss(
        "the list beside the folder",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            f"{listed(v)} && mv {v.box}/manifest.json {v.box}/blobs/",
        ],
        rejected_by="load",
        reason="no-list",
    )
    step.near_miss(
        "a path on which the program is not",
        lambda v: [
            tree(v),
            packed(v),
            configured(v).replace("PATH=/bin", "PATH=/usr/bin"),
            listed(v),
            loaded(v),
            f"{run(v)} || true",
        ],
        rejected_by="serve",
        reason="not-started",
        explain="The engine found no such program in the image, or none that may be run. `PATH` in "
        "the config's `Env` has to name `/bin`, and `/bin/busybox` has to be executable. The cure "
        "is a new config or layer, with a new name; then the list, `docker load`, and a new "
        "container.",
    )
    step.near_miss(
        "a command of its own",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            listed(v),
            loaded(v),
            f"{run(v)} httpd -f -p 8080 -h /srv",
        ],
        rejected_by="serve",
        reason="own-command",
        explain="What stands behind the image's name takes the place of the image's own command. "
        "`docker rm -f` it, and start it without. Is the image's own wrong, mend the config.",
    )
    step.near_miss(
        "words that nobody reads",
        lambda v: [
            tree(v),
            packed(v),
            configured(v, command=f'{COMMAND}, Entrypoint: ["busybox", "sh", "-c", "sleep 1d"]'),
            listed(v),
            loaded(v),
            run(v),
        ],
        rejected_by="serve",
        reason="no-server",
    )
    step.near_miss(
        "a page from the bench",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            listed(v),
            loaded(v),
            f"docker run -d --name {v.site} -v $PWD/hull/srv:/srv {v.box}:1",
        ],
        rejected_by="serve",
        reason="mounted-over",
        explain="The page that is served lies in a folder of the bench or in a volume. The image "
        "has one of its own: `docker rm -f` the container, and start it without.",
    )
    step.near_miss(
        "on no network",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            listed(v),
            loaded(v),
            f"docker run -d --name {v.site} --network none {v.box}:1",
        ],
        rejected_by="serve",
        reason="no-network",
    )
    step.near_miss(
        "served by busybox",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            listed(v),
            loaded(v),
            "docker load -qi /usr/lib/infralab/images/busybox.tar",
            f"docker run -d --name {v.site} -v $PWD/hull/srv:/srv busybox httpd -f -h /srv",
        ],
        rejected_by="serve",
        reason="other-image",
        explain="The page is right, but this container was made of another image.",
    )
