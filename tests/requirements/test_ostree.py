"""Statements about repositories of systems and disks with them, in right ways and in wrong ones."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable

import pytest

from lab_engine.authoring import (
    OstreeCheckoutProbe,
    OstreeCommitProbe,
    OstreeForgeryProbe,
    OstreeRepositoryProbe,
    OstreesProbe,
    OstreeSysrootProbe,
    See,
    require_deployed,
    require_ostree_checkout,
    require_ostree_commit,
    require_ostree_sound,
    require_ostree_trust,
)
from lab_engine.bench.container import Bench
from lab_engine.common.evidence import Unmet
from lab_engine.session.check import Inquiry
from tests.requirements.conftest import Stage
from tests.requirements.packed import bench_with

pytestmark = [pytest.mark.bench, pytest.mark.slow]

WORK = "/home/learner/work"
SHELF = f"{WORK}/shelf"
DISK = "/srv/kettle"
KEPT = f"{DISK}/ostree/repo"
RELEASE = "/usr/lib/os-release"

TREE = (
    "rm -rf tea; mkdir -p tea/usr/lib/modules/1 tea/usr/etc tea/var; "
    "echo k > tea/usr/lib/modules/1/vmlinuz; echo $n > tea/usr/lib/modules/1/initramfs.img; "
    'printf "ID=tea\\nPRETTY_NAME=Tea\\nVERSION_ID=$n\\n" > tea/usr/lib/os-release; '
    "echo green > tea/usr/etc/leaf; ln -sf usr/lib tea/lib"
)
INIT = "ostree --repo=shelf init --mode=bare-user-only; "
COMMIT = "ostree --repo=shelf commit -b tea/hot --tree=dir=tea"
ONE = f"{INIT}n=1; {TREE}; {COMMIT}; "
TWO = f"{ONE}n=2; {TREE}; {COMMIT}; "
TAKE = "ostree --repo=shelf checkout -U tea/hot^ cup; "

MADE = (
    f"sudo mkdir {DISK}; sudo ostree admin init-fs {DISK}; "
    f"sudo ostree admin os-init --sysroot={DISK} tea; "
)
PULL = f"sudo ostree --repo={KEPT} pull-local --depth=-1 shelf tea/hot; "


def deploy(revision: str) -> str:
    return f"sudo ostree admin deploy --sysroot={DISK} --os=tea {revision}; "


OLD = deploy("$(ostree --repo=shelf rev-parse tea/hot^)")
BOTH = f"{TWO}{MADE}{PULL}{OLD}{deploy('tea/hot')}"
KEYS = "gpg -q --batch --passphrase '' --quick-generate-key {0}@lab.test ed25519 sign never; "
EXPORT = "gpg --armor --export {0}@lab.test > {0}.asc; "
PUBLIC = "ostree --repo=public init --mode=archive; "
SIGNED = f"n=1; {TREE}; ostree --repo=public commit -b tea/hot --tree=dir=tea"
BY = " --gpg-sign=shop@lab.test; "
MINE = "ostree --repo=shelf init --mode=bare-user-only; "


def remote(options: str) -> str:
    return f"ostree --repo=shelf remote add {options} shop file://$PWD/public; "


FETCH = "ostree --repo=shelf pull shop tea/hot; "
SHOP = KEYS.format("shop") + EXPORT.format("shop")


@pytest.fixture(scope="module")
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return bench_with(make_bench, "ostree")


@pytest.fixture(autouse=True)
async def swept(stage: Stage) -> AsyncIterator[None]:
    yield
    await stage.type(
        f"sudo chattr -R -f -i {DISK} || true; sudo rm -rf {DISK}; "
        "gpgconf --kill all; rm -rf ~/.gnupg"
    )


async def newest(see: See) -> None:
    await require_ostree_commit(see, SHELF, "tea/hot", files={RELEASE: "VERSION_ID=2"})


async def before(see: See) -> None:
    await require_ostree_commit(see, SHELF, "tea/hot^", files={RELEASE: "VERSION_ID=1"})


async def packed(see: See) -> None:
    await require_ostree_commit(see, f"{WORK}/public", "tea/hot", mode="archive")


async def cup(see: See) -> None:
    await require_ostree_checkout(see, SHELF, "tea/hot^", f"{WORK}/cup")


async def sound(see: See) -> None:
    await require_ostree_sound(see, SHELF)


async def starts_newest(see: See) -> None:
    found = await see(OstreeRepositoryProbe(SHELF))
    await require_deployed(see, DISK, found.refs.get("tea/hot", ""))


async def trusts(see: See) -> None:
    await require_ostree_trust(see, SHELF, "shop", "shop:tea/hot")


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (newest, TWO, "pass"),
        (newest, TWO.replace("bare-user-only", "archive"), "pass"),
        (newest, f"{TWO}mv shelf there; ln -s there shelf", "pass"),
        (newest, "true", "no-repository"),
        (newest, "mkdir shelf", "no-repository"),
        (newest, "mkfifo shelf", "no-repository"),
        (newest, "ln -s shelf shelf", "no-repository"),
        (newest, "mkdir -p shelf/objects shelf/refs/heads; printf '[core]\\nbare=true\\n' > "
         "shelf/config", "no-repository"),
        (newest, INIT, "no-branch"),
        (newest, ONE, "other-content"),
        (newest, f"{INIT}n=2; {TREE}; {COMMIT.replace('tea/hot', 'tea/cold')}", "no-branch"),
        (newest, f"{INIT}n=2; {TREE}; mkdir x; mv tea x; "
         f"{COMMIT.replace('dir=tea', 'dir=x')}", "one-folder-deeper"),
        (newest, f"{INIT}mkdir tea; echo > tea/x; {COMMIT}", "no-such-file"),
        (newest, f"{TWO}rm shelf/objects/*/*.commit", "no-commit"),
        (before, TWO, "pass"),
        (before, ONE, "no-commit"),
        (before, f"{ONE}n=2; {TREE}; {COMMIT} --orphan", "no-commit"),
        (packed, f"{PUBLIC}{SIGNED}", "pass"),
        (packed, f"{TWO}mv shelf public", "other-mode"),
        (cup, TWO + TAKE, "pass"),
        (cup, f"{TWO}ostree --repo=shelf checkout -U -H "
         "$(ostree --repo=shelf rev-parse tea/hot^) cup", "pass"),
        (cup, ONE + TAKE.replace("^", ""), "no-commit"),
        (cup, TWO, "no-folder"),
        (cup, f"{TWO}touch cup", "no-folder"),
        (cup, f"{TWO}ln -s cup cup", "no-folder"),
        (cup, TWO + TAKE.replace("-U", "-U -C"), "copied"),
        (cup, f"{TWO}{TAKE}cp cup/usr/etc/leaf x; mv x cup/usr/etc/leaf", "copied"),
        (cup, TWO.replace("bare-user-only", "archive") + TAKE, "packed"),
        (cup, TWO + TAKE.replace("^", ""), "other-tree"),
        (cup, f"{TWO}{TAKE}echo > cup/more", "other-tree"),
        (cup, f"{TWO}{TAKE}rm cup/usr/etc/leaf", "other-tree"),
        (cup, f"{TWO}{TAKE}rm cup/lib; ln -s usr cup/lib", "other-tree"),
        (cup, f"{TWO}{TAKE}rm cup/usr/etc/leaf; mkfifo cup/usr/etc/leaf", "other-tree"),
        (sound, TWO, "pass"),
        (sound, f"{TWO}{TAKE}echo black >> cup/usr/etc/leaf", "damaged"),
        (sound, "mkdir shelf", "no-repository"),
        (starts_newest, BOTH, "pass"),
        (starts_newest, f"{BOTH}cd {DISK}/boot; sudo touch loader/entries/zz.conf; "
         "sudo mkfifo loader/entries/a.conf", "pass"),
        (starts_newest, TWO, "no-sysroot"),
        (starts_newest, f"{TWO}{MADE}{PULL}", "nothing-deployed"),
        (starts_newest, f"{TWO}{MADE}{PULL}{OLD}", "not-deployed"),
        (starts_newest, f"{BOTH}sudo ostree admin set-default --sysroot={DISK} 1", "not-default"),
        (starts_newest, f"{BOTH}sudo rm -r {DISK}/boot/loader/entries", "nothing-deployed"),
        (starts_newest, f"{BOTH}cd {DISK}/ostree/boot.0/tea; "
         "for at in *; do sudo ln -sfn /etc $at/0; done", "nothing-deployed"),
        (trusts, f"{SHOP}{PUBLIC}{SIGNED}{BY}{MINE}{remote('--gpg-import=shop.asc')}{FETCH}",
         "pass"),
        (trusts, f"{SHOP}{PUBLIC}{SIGNED}{BY}{MINE}{remote('')}"
         f"ostree --repo=shelf remote gpg-import -k shop.asc shop; {FETCH}", "pass"),
        (trusts, MINE, "no-remote"),
        (trusts, f"{SHOP}{PUBLIC}{SIGNED}{BY}{MINE}{remote('--gpg-import=shop.asc')}",
         "no-branch"),
        (trusts, f"{PUBLIC}{SIGNED};{MINE}{remote('--no-gpg-verify')}{FETCH}", "unsigned"),
        (trusts, f"{SHOP}{PUBLIC}{SIGNED}{BY}{MINE}"
         f"{remote('--no-gpg-verify --gpg-import=shop.asc')}{FETCH}", "takes-anything"),
        (trusts, f"{SHOP}{KEYS.format('x')}{EXPORT.format('x')}{PUBLIC}{SIGNED}{BY}{MINE}"
         f"{remote('--no-gpg-verify --gpg-import=x.asc')}{FETCH}", "other-key"),
        (trusts, f"{SHOP}{PUBLIC}{SIGNED}{BY}{MINE}{remote('--no-gpg-verify')}{FETCH}", "no-key"),
        (trusts, f"{SHOP}{PUBLIC}{SIGNED}{BY}{MINE}{remote('--no-gpg-verify')}{FETCH}"
         "sed -i s/gpg-verify=false/gpg-verify=true/ shelf/config", "key-missing"),
        (trusts, f"{SHOP}{KEYS.format('x')}{EXPORT.format('x')}cat x.asc >> shop.asc; "
         f"{PUBLIC}{SIGNED}{BY}{MINE}{remote('--gpg-import=shop.asc')}{FETCH}", "more-keys"),
    ],
)  # fmt: skip
async def test_statements(stage: Stage, statement: object, script: str, reason: str) -> None:
    await stage.type(script)
    assert await stage.reason(statement) == reason  # type: ignore[arg-type]
    assert await stage.type("ls -d /tmp/trial-* 2>/dev/null || true") == ""


async def test_what_is_in_a_commit(stage: Stage) -> None:
    await stage.type(f"{TWO}mkdir 'tea/a b'; echo x > 'tea/a b/ü'; {COMMIT} -s 'third one'")
    see = Inquiry(stage.ask, None)
    found = await see(OstreeCommitProbe(SHELF, "tea/hot", ("/usr/etc/leaf", "/nowhere")))
    assert (found.subject, len(found.history), found.id) == ("third one", 3, found.history[0])
    assert found.files["/usr/etc/leaf"].content == "green\n"
    assert found.files["/lib"].link == "usr/lib"
    assert found.files["/a b/ü"].size == 2
    assert found.files[RELEASE].content == ""
    for revision in ("nothing", "--all", "tea/hot^^^^", ""):
        assert not (await see(OstreeCommitProbe(SHELF, revision))).exists
    assert not (await see(OstreeCheckoutProbe(SHELF, "nothing", SHELF))).exists


async def test_which_commits_are_signed(stage: Stage) -> None:
    await stage.type(f"{SHOP}{PUBLIC}{SIGNED}{BY}{SIGNED} --orphan -s other; {SIGNED}{BY}{SIGNED}")
    found = await Inquiry(stage.ask, None)(OstreeCommitProbe(f"{WORK}/public", "tea/hot"))
    assert (len(found.history), found.signed) == (3, (found.history[1],))


async def test_what_is_damaged_is_said_in_short(stage: Stage) -> None:
    await stage.type(f"{TWO}{TAKE}echo black >> cup/usr/etc/leaf")
    with pytest.raises(Unmet) as caught:
        await sound(Inquiry(stage.ask, None))
    said = caught.value.evidence.observed
    assert "OSTree found: content object " in said
    assert re.search(r"[0-9a-f]{11}", said) is None


async def test_what_a_disk_would_start(stage: Stage) -> None:
    await stage.type(f"{BOTH}sudo ostree admin pin --sysroot={DISK} 1")
    see = Inquiry(stage.ask, None)
    disk, there = await see(OstreeSysrootProbe(DISK), OstreesProbe())
    first, second = disk.deployments
    assert (first.os, first.pinned, second.pinned) == ("tea", False, True)
    assert first.refspec == "tea/hot"
    kernel = await stage.type(f"cat {first.kernel} {first.initramfs} {first.folder}/etc/leaf")
    assert kernel.split() == ["k", "2", "green"]
    assert DISK in there.sysroots
    assert there.repositories == (SHELF,)


async def test_a_trial_changes_nothing(stage: Stage) -> None:
    await stage.type(f"{SHOP}{PUBLIC}{SIGNED}{BY}{MINE}{remote('--gpg-import=shop.asc')}{FETCH}")
    see = Inquiry(stage.ask, None)
    kept = await see(OstreeRepositoryProbe(SHELF))
    tried, absent = await see(OstreeForgeryProbe(SHELF, "shop"), OstreeForgeryProbe(SHELF, "x"))
    assert tried.refused
    assert "no signatures found" in tried.said
    assert not absent.tried
    fresh = Inquiry(stage.ask, None)
    assert await fresh(OstreeRepositoryProbe(SHELF)) == kept
