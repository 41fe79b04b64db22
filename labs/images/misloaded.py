"""What goes wrong when an image made by hand is loaded, and started."""

from __future__ import annotations

from collections.abc import Callable

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
from labs.images.values import BLOBS, Values

WAYS: tuple[tuple[str, Callable[[Values], list[str]], str, str, str], ...] = (
    (
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
        "load",
        "older-config",
        "Docker has the image by a config that is not in your folder now: an older one "
        "of yours, it seems. A new config has a new name, which the list has to name; then load it "
        "again.",
    ),
    (
        "a tag misspelt",
        lambda v: [tree(v), packed(v), configured(v), listed(v, tag=f"{v.box}:latest"), loaded(v)],
        "load",
        "no-image",
        "",
    ),
    (
        "another image of that name",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            f"tar -C hull -c . | docker import - {v.box}:1",
        ],
        "load",
        "not-yours",
        "Docker wrote a config of its own for that image. Load the one that your config "
        "describes: then its id is the name of your config.",
    ),
    (
        "another port",
        lambda v: [tree(v), packed(v), configured(v, command=COMMAND.replace("80", "8080"))],
        "config",
        "other-words",
        "",
    ),
    (
        "an entry, and no list",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            f"{listed(v)} && jq '.[0]' {v.box}/manifest.json > one && mv one {v.box}/manifest.json",
        ],
        "load",
        "no-array",
        "There could be several images in it, so it is a list even for one: brackets stand "
        "around the braces.",
    ),
    (
        "the hashes without their folder",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            f"{listed(v)} && sed -i s,{BLOBS}/,, {v.box}/manifest.json",
        ],
        "load",
        "listed-amiss",
        "Each file is named by its path from the list's own folder: `blobs/sha256/`, and "
        "the name that it has there now.",
    ),
    (
        "the list beside the folder",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            f"{listed(v)} && mv {v.box}/manifest.json {v.box}/blobs/",
        ],
        "load",
        "no-list",
        "",
    ),
    (
        "a path on which the program is not",
        lambda v: [
            tree(v),
            packed(v),
            configured(v).replace("PATH=/bin", "PATH=/usr/bin"),
            listed(v),
            loaded(v),
            f"{run(v)} || true",
        ],
        "serve",
        "not-started",
        "The engine found no such program in the image, or none that may be run. `PATH` in "
        "the config's `Env` has to name `/bin`, and `/bin/busybox` has to be executable. The cure "
        "is a new config or layer, with a new name; then the list, `docker load`, and a new "
        "container.",
    ),
    (
        "a command of its own",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            listed(v),
            loaded(v),
            f"{run(v)} httpd -f -p 8080 -h /srv",
        ],
        "serve",
        "own-command",
        "What stands behind the image's name takes the place of the image's own command. "
        "`docker rm -f` it, and start it without. Is the image's own wrong, mend the config.",
    ),
    (
        "words that nobody reads",
        lambda v: [
            tree(v),
            packed(v),
            configured(v, command=f'{COMMAND}, Entrypoint: ["busybox", "sh", "-c", "sleep 1d"]'),
            listed(v),
            loaded(v),
            run(v),
        ],
        "serve",
        "no-server",
        "",
    ),
    (
        "a page from the bench",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            listed(v),
            loaded(v),
            f"docker run -d --name {v.site} -v $PWD/hull/srv:/srv {v.box}:1",
        ],
        "serve",
        "mounted-over",
        "The page that is served lies in a folder of the bench or in a volume. The image "
        "has one of its own: `docker rm -f` the container, and start it without.",
    ),
    (
        "on no network",
        lambda v: [
            tree(v),
            packed(v),
            configured(v),
            listed(v),
            loaded(v),
            f"docker run -d --name {v.site} --network none {v.box}:1",
        ],
        "serve",
        "no-network",
        "",
    ),
    (
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
        "serve",
        "other-image",
        "The page is right, but this container was made of another image.",
    ),
)
"""Near misses of `load` and `serve`: name, what is typed, the task, the reason, the explanation."""
