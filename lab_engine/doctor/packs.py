"""What the packs want of a machine: a kind of processor, memory, disk, cgroups, inotify."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lab_engine import settings
from lab_engine.doctor.engine import Engine
from lab_engine.doctor.machine import Finding, Machine, State, gib, me, sudo
from lab_engine.errors import InfralabError

if TYPE_CHECKING:
    from lab_engine.course.pack import Recipe

SPARE: Final = 1 << 30
"""Bytes that a build leaves free: the compilers in its cache go when it is done."""


def packs(machine: Machine, engine: Engine) -> list[Finding]:
    """How it stands with each pack that cannot be had, or works badly here. No pack is needed."""
    if not engine.reached:
        return []
    try:
        from lab_engine.course.pack import recipes
    except ImportError:
        # doctor also runs on a bare Python, before anything is installed.
        return []
    try:
        known = list(recipes().values())
    except InfralabError as error:
        return [Finding("Packs", State.UNKNOWN, error.message, mend=error.hint)]
    listed = machine.run("docker", "image", "ls", "--format", "{{.Tag}}", "infralab/pack")
    # NAME-RECIPE-RESOLVED (packs.image)
    built = {tag.rsplit("-", 2)[0] for tag in listed.out.split()}
    found: list[Finding] = []
    for recipe in known:
        looks = lacking(machine, engine, [recipe], new=recipe.name not in built)
        # The course can be taken without any one of them.
        found += [replace(one, state=State.LIMITED) for one in looks]
    if found:
        return found
    return [Finding("Packs", State.OK, f"all {len(known)} can be built and used here")]


def lacking(
    machine: Machine, engine: Engine, recipes: Sequence[Recipe], *, new: bool = True
) -> list[Finding]:
    """What this machine lacks for `recipes` together; `new` ones have still to be built.

    MISSING is what a build would be in vain for, LIMITED what can be mended afterwards.
    """
    looks: Iterable[Finding | None] = (
        *(look(machine, engine, recipe) for recipe in recipes for look in LOOKS),
        _disk(machine, engine, recipes) if new else None,
    )
    return [finding for finding in looks if finding is not None]


def _machine(_: Machine, engine: Engine, recipe: Recipe) -> Finding | None:
    wanted = recipe.pack.wants.machines
    # The kernel's word for it, as `uname -m` says it.
    kind = str(engine.info.get("Architecture") or "")
    if not kind or kind in wanted:
        return None
    return Finding(
        _name(recipe),
        State.MISSING,
        f"is made for {' and '.join(wanted)}; this engine runs on {kind}",
        _lost(recipe),
        "export DOCKER_HOST=ssh://USER@HOST  (an engine on a machine of that kind)",
    )


def _cgroup(machine: Machine, engine: Engine, recipe: Recipe) -> Finding | None:
    wanted = recipe.pack.wants.cgroup
    number = int(str(engine.info.get("CgroupVersion") or 1))
    if number in wanted:
        return None
    switch = "1" if 2 in wanted else "0"
    return Finding(
        _name(recipe),
        State.MISSING,
        f"wants cgroup version {wanted[0]}; this engine uses version {number}",
        _lost(recipe),
        f"Add `systemd.unified_cgroup_hierarchy={switch}` to GRUB_CMDLINE_LINUX in "
        f"/etc/default/grub, then {sudo(machine, 'update-grub')}, and restart.",
    )


def _memory(machine: Machine, engine: Engine, recipe: Recipe) -> Finding | None:
    wanted = recipe.pack.wants.memory << 20
    total = int(engine.info.get("MemTotal") or 0)
    if total and total < wanted:
        return Finding(
            _name(recipe),
            State.LIMITED,
            f"wants {gib(wanted)} of memory; this machine has {gib(total)}",
            f"{_lost(recipe)[:-1]} run out of memory.",
            "Give this machine more memory, or close other programs while you work.",
        )
    try:
        limit = settings.load(machine.env).bench_memory
    except InfralabError:
        # Another finding tells of settings that cannot be used.
        return None
    if limit >= wanted:
        return None
    return Finding(
        _name(recipe),
        State.LIMITED,
        f"wants {gib(wanted)} of memory; `bench_memory` allows a bench {gib(limit)}",
        f"{_lost(recipe)[:-1]} run out of memory.",
        f"export INFRALAB_BENCH_MEMORY={-(-recipe.pack.wants.memory // 1024)}g",
    )


def _inotify(machine: Machine, engine: Engine, recipe: Recipe) -> Finding | None:
    wanted = recipe.pack.wants.inotify
    if not wanted or engine.remote or str(engine.info.get("CgroupVersion") or 1) != "2":
        return None
    key = "fs.inotify.max_user_instances"
    value = (machine.read(f"/proc/sys/{key.replace('.', '/')}") or "").strip()
    if not value.isdigit() or int(value) >= wanted:
        return None
    # Never set here: it is the whole machine's, and other programs have their share of it.
    return Finding(
        _name(recipe),
        State.LIMITED,
        f"wants {key} of {wanted}; this machine has {value}",
        f"{_lost(recipe)[:-1]} may see pods that never start: too many open files.",
        f"{sudo(machine, f'sysctl -w {key}={wanted}')}  (until the machine restarts; a file in "
        "/etc/sysctl.d keeps it)",
    )


def _disk(machine: Machine, engine: Engine, recipes: Sequence[Recipe]) -> Finding | None:
    where = str(engine.info.get("DockerRootDir") or "/var/lib/docker")
    free = None if engine.remote else machine.free(where)
    # While one is built its files lie in the cache and in the image.
    size = sum(2 * one.pack.size.installed + one.pack.size.download for one in recipes)
    wanted = (size << 20) + SPARE
    if free is None or not recipes or free >= wanted:
        return None
    return Finding(
        _name(*recipes),
        State.MISSING,
        f"wants {gib(wanted)} of disk while it is built; {where} has {gib(free)} free",
        _lost(*recipes),
        f"docker system df  (shows what may be removed; `{me(machine, 'gc')}` removes what is "
        "ours)",
    )


LOOKS: Final[tuple[Callable[[Machine, Engine, Recipe], Finding | None], ...]] = (
    _machine,
    _cgroup,
    _memory,
    _inotify,
)


def _name(*recipes: Recipe) -> str:
    return f"Pack {' '.join(recipe.name for recipe in recipes)}"


def _lost(*recipes: Recipe) -> str:
    return f"Lessons with {' or '.join(recipe.name for recipe in recipes)}."
