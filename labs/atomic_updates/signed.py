"""A server of systems, and a host that believes one key."""

from __future__ import annotations

from lab_engine.authoring import (
    Directory,
    OstreeCommitProbe,
    OstreeCommitReading,
    OstreeRepositoryProbe,
    OstreeSysrootProbe,
    See,
    Service,
    TcpReady,
    require,
    require_deployed,
    require_ostree_commit,
    require_ostree_trust,
)
from labs.atomic_updates.deploy import prepare
from labs.atomic_updates.values import SHOWN, Values, given, lab

PORT = 8060
MOST = 10
"""Signed commits whose version is asked: each is a question of its own."""

step = lab.step(
    "signed",
    resources=lambda v: [
        given("release", v),
        Directory("served", path=served(v)),
        Service(
            "vendor",
            argv=("python3", "-m", "http.server", "--bind", "127.0.0.1", str(PORT)),
            cwd=served(v),
            ready=TcpReady(PORT),
            after=("directory/served",),
        ),
    ],
)


def served(v: Values) -> str:
    return f"/srv/{v.vendor}"


def disk(v: Values) -> str:
    return f"/srv/{v.host}"


def kept(v: Values) -> str:
    """The repository of the host."""
    return f"{disk(v)}/ostree/repo"


def refspec(v: Values) -> str:
    return f"{v.vendor}:{v.branch}"


async def versions(see: See, v: Values) -> dict[str, str]:
    """What is published and signed: commits of the branch, newest first, and their versions.

    What nobody signed is left out. The text lets a burglar put such a commit on top.
    """
    newest = await require_ostree_commit(see, served(v), v.branch, mode="archive")
    require(
        newest.signed,
        "unsigned",
        expected=f"A commit of {v.branch} in {served(v)} is signed.",
        observed="Nobody signed one.",
        look=f"ostree --repo={served(v)} show {v.branch}",
    )
    await require_ostree_commit(see, served(v), newest.signed[0], files={SHOWN: ""})
    signed = newest.signed[:MOST]
    found = [await see(OstreeCommitProbe(served(v), one, (SHOWN,))) for one in signed]
    return {one.id: version(one) for one in found}


def version(found: OstreeCommitReading) -> str:
    """The version of a system by its own word; empty for none."""
    lines = found.files[SHOWN].content.splitlines() if SHOWN in found.files else []
    words = (line.partition("=") for line in map(str.strip, lines))
    return next((value for key, _, value in words if key == "VERSION_ID"), "")


def log(v: Values) -> str:
    return f"ostree --repo={served(v)} log {v.branch}"


@step.check("publish", points=2)
async def publish(see: See, v: Values) -> None:
    there = await versions(see, v)
    require(
        "1" in there.values(),
        "first-missing",
        expected=f"Version 1 is on {v.branch} in {served(v)}, and signed.",
        observed=f"What is signed there says that it is version {newest_first(there)}.",
        look=log(v),
    )


def newest_first(there: dict[str, str]) -> str:
    return ", then ".join(one or "nothing" for one in there.values())


@step.check("believe", points=3, needs=("publish",))
async def believe(see: See, v: Values) -> None:
    await require_ostree_trust(see, kept(v), v.vendor, refspec(v))
    found = await see(OstreeRepositoryProbe(kept(v)))
    url = found.remotes.get(v.vendor, "")
    require(
        url.startswith("http://"),
        "not-by-http",
        expected=f"{v.vendor} is a remote at http://127.0.0.1:{PORT}.",
        observed=f"It is at {url}.",
        look=f"ostree --repo={kept(v)} remote list -u",
    )


@step.check("upgrade", points=2, needs=("publish", "believe"))
async def upgrade(see: See, v: Values) -> None:
    there = await versions(see, v)
    newest, *before = there
    require(
        "2" in there.values(),
        "second-missing",
        expected=f"Version 2 is on {v.branch} in {served(v)}, signed, on top of version 1.",
        observed=f"What is signed there says that it is version {newest_first(there)}.",
        look=log(v),
    )
    require(
        there[newest] == "2" and any(there[one] == "1" for one in before),
        "other-order",
        expected=f"Version 2 is on top of version 1 on {v.branch}.",
        observed=f"Newest first, what is signed there says: {newest_first(there)}.",
        look=log(v),
    )
    first = await require_deployed(see, disk(v), newest)
    found = await see(OstreeSysrootProbe(disk(v)))
    require(
        any(there.get(one.commit) == "1" for one in found.deployments),
        "no-way-back",
        expected="Version 1 is deployed as well, behind version 2.",
        observed="Deployed is only: " + ", ".join(one.title for one in found.deployments) + ".",
        look=f"ostree admin status --sysroot={disk(v)}",
    )
    require(
        first.refspec == refspec(v),
        "other-origin",
        expected=f"What is deployed has its updates from {refspec(v)}.",
        observed=f"It has them from {first.refspec or 'nowhere'}.",
        look=f"ostree admin status --sysroot={disk(v)}",
    )


def key(v: Values, name: str = "") -> str:
    """A pair of keys without a passphrase, and the public one as a file."""
    name = name or v.vendor
    return (
        f"gpg --batch --passphrase '' --quick-generate-key {name}@lab.test ed25519 sign never && "
        f"gpg --armor --export {name}@lab.test > {name}.asc"
    )


def commit(v: Values, version: int, sign: str = "") -> str:
    signed = f" --gpg-sign={sign}@lab.test" if sign else ""
    return (
        f"./release {version} && ostree --repo={served(v)} commit --branch={v.branch} "
        f"--tree=dir=v{version} --owner-uid=0 --owner-gid=0{signed}"
    )


def init(v: Values, mode: str = "archive") -> str:
    return f"ostree --repo={served(v)} init --mode={mode}"


def trust(v: Values, options: str, url: str = f"http://127.0.0.1:{PORT}") -> str:
    return f"sudo ostree --repo={kept(v)} remote add {options} {v.vendor} {url}"


def pull(v: Values) -> str:
    return f"sudo ostree --repo={kept(v)} pull {v.vendor} {v.branch}"


def admin(v: Values, words: str) -> str:
    verb, _, rest = words.partition(" ")
    return f"sudo ostree admin {verb} --sysroot={disk(v)} --os={v.os} {rest}".strip()


def installed(v: Values, *, sign: str, believes: str, url: str = "") -> list[str]:
    """Version 1 is published and deployed, then version 2 comes."""
    return [
        init(v),
        commit(v, 1, sign),
        *prepare(v, disk(v)),
        trust(v, believes, url) if url else trust(v, believes),
        pull(v),
        admin(v, f"deploy {refspec(v)}"),
        commit(v, 2, sign),
        admin(v, "upgrade"),
    ]


ANYTHING = (
    "The commit is signed, and the host does not care: with `gpg-verify=false` it would take an "
    "unsigned one as well. Take the remote away (`ostree remote delete`) and add it with the key."
)

step.solution(
    "signed while it is committed",
    lambda v: [
        key(v),
        *installed(v, sign=v.vendor, believes=f"--gpg-import={v.vendor}.asc"),
    ],
    explained={10: ["not-deployed"]},
)
step.solution(
    "signed afterwards, and the key brought later",
    lambda v: [
        key(v),
        init(v),
        commit(v, 1),
        commit(v, 2),
        f"for at in {v.branch}^ {v.branch}; do "
        f"ostree --repo={served(v)} gpg-sign $at {v.vendor}@lab.test; done",
        *prepare(v, disk(v)),
        trust(v, ""),
        f"sudo ostree --repo={kept(v)} remote gpg-import --keyring={v.vendor}.asc {v.vendor}",
        f"sudo ostree --repo={kept(v)} pull --depth=-1 {v.vendor} {v.branch}",
        admin(v, f"deploy $(ostree --repo={served(v)} rev-parse {v.branch}^)"),
        admin(v, f"deploy {refspec(v)}"),
        f"{commit(v, 1)} && ! {admin(v, 'upgrade')}",
    ],
    survives={13: "the burglar's commit counts for nothing"},
    explained={
        0: ["unsigned"],
        4: ["unsigned"],
        11: ["no-way-back"],
        12: ["not-deployed"],
    },
)
step.near_miss(
    "nobody signed",
    lambda v: installed(v, sign="", believes="--no-gpg-verify"),
    rejected_by="publish",
    reason="unsigned",
    explain="The commits bear no signature: `--gpg-sign` while committing, or `ostree gpg-sign` "
    "afterwards.",
)
step.near_miss(
    "no key, and nobody asks",
    lambda v: [key(v), *installed(v, sign=v.vendor, believes="--no-gpg-verify")],
    rejected_by="believe",
    reason="no-key",
    explain="The host took it without a look at the signature: it keeps no key for this remote, "
    "and `--no-gpg-verify` says that it needs none. Take the remote away (`ostree remote delete`), "
    "and add it with the key.",
)
step.near_miss(
    "one key too many",
    lambda v: [
        key(v),
        key(v, "stranger"),
        f"cat {v.vendor}.asc stranger.asc > both.asc",
        *installed(v, sign=v.vendor, believes="--gpg-import=both.asc"),
    ],
    rejected_by="believe",
    reason="more-keys",
    explain="A second key counts as well, so whoever has that one can give the host a system. Take "
    "the remote away (`ostree remote delete`), and add it with one key.",
)
step.near_miss(
    "signed, and not looked at",
    lambda v: [
        key(v),
        *installed(v, sign=v.vendor, believes=f"--no-gpg-verify --gpg-import={v.vendor}.asc"),
    ],
    rejected_by="believe",
    reason="takes-anything",
    explain=ANYTHING,
)
step.near_miss(
    "another one's key",
    lambda v: [
        key(v),
        key(v, "stranger"),
        *installed(v, sign=v.vendor, believes="--no-gpg-verify --gpg-import=stranger.asc"),
    ],
    rejected_by="believe",
    reason="other-key",
    explain="The host keeps a key for this remote, and it is not the one that signed.",
)
step.near_miss(
    "from the folder, and not from the server",
    lambda v: [
        key(v),
        *installed(
            v,
            sign=v.vendor,
            believes=f"--gpg-import={v.vendor}.asc",
            url=f"file://{served(v)}",
        ),
    ],
    rejected_by="believe",
    reason="not-by-http",
)
step.near_miss(
    "a repository that no server gives out well",
    lambda v: [key(v), init(v, "bare-user-only"), commit(v, 1, v.vendor), commit(v, 2, v.vendor)],
    rejected_by="publish",
    reason="other-mode",
    explain="This mode keeps plain files, for somebody who works on the same disk. What is given "
    "out is kept packed and complete: the mode is called `archive`. Begin with an empty folder.",
)
step.near_miss(
    "only the second version",
    lambda v: [key(v), init(v), commit(v, 2, v.vendor)],
    rejected_by="publish",
    reason="first-missing",
)
step.near_miss(
    "version 1, and no news yet",
    lambda v: installed_with_first(v),
    rejected_by="upgrade",
    reason="second-missing",
)
step.near_miss(
    "the older version on top",
    lambda v: [*installed_with_first(v), commit(v, 2, v.vendor), commit(v, 1, v.vendor)],
    rejected_by="upgrade",
    reason="other-order",
)
step.near_miss(
    "published, and not fetched",
    lambda v: installed_without_upgrade(v),
    rejected_by="upgrade",
    reason="not-deployed",
    explain="The server has a newer commit than what is deployed on the host. `ostree admin "
    "upgrade` fetches it and deploys it.",
)
step.near_miss(
    "only the newest",
    lambda v: [
        key(v),
        init(v),
        commit(v, 1, v.vendor),
        commit(v, 2, v.vendor),
        *prepare(v, disk(v)),
        trust(v, f"--gpg-import={v.vendor}.asc"),
        pull(v),
        admin(v, f"deploy {refspec(v)}"),
    ],
    rejected_by="upgrade",
    reason="no-way-back",
    explain="Version 1 is not there to go back to. `pull` with `--depth=-1` brings it, too. Deploy "
    "it by its hash, and version 2 once more after it: what comes last is started first.",
)


def installed_without_upgrade(v: Values) -> list[str]:
    return [*installed_with_first(v), commit(v, 2, v.vendor)]


def installed_with_first(v: Values) -> list[str]:
    lines = installed(v, sign=v.vendor, believes=f"--gpg-import={v.vendor}.asc")
    return [key(v), *lines[:-2]]
