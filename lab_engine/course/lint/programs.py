"""What a command line uses: which command, which of its options (as far as a lesson teaches them).

A command is a program with the words that say what it does: `docker run`, `ip link add`, `virsh
start`. Programs that run another one (`sudo`, `docker exec`, `sh -c`) give what that one uses, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from lab_engine.course.lint import shell


class Use(NamedTuple):
    """A command, or one option of it. `docker run --tmpfs /x:size=1m` has `--tmpfs size=` too."""

    command: str
    option: str = ""

    def __str__(self) -> str:
        return f"{self.command} {self.option}".strip()


@dataclass(frozen=True)
class _Program:
    """How a program reads its words.

    Args:
        values: options that take the next word.
        runs: how many words come before another command begins; None when none does.
        script: the option whose value is a script of shell.
        whole: whether one dash begins a whole word, as in `find -name`.
    """

    values: frozenset[str] = frozenset()
    runs: int | None = None
    script: str = ""
    whole: bool = False


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _program(values: str = "", **rest: Any) -> _Program:
    return _Program(_set(values), **rest)


_CONTAINER: Final = (
    "-a --add-host --annotation --cap-add --cap-drop --cgroupns --cpus -c --cpu-shares --device "
    "--dns -e --env --env-file --entrypoint --expose --gpus -h --hostname --ip --ip6 --ipc "
    "--isolation -l --label --link --log-driver --log-opt -m --memory --mac-address --mount --name "
    "--net --network --network-alias --pid --platform -p --publish --pull --restart --runtime "
    "--security-opt --shm-size --stop-signal --stop-timeout --sysctl --tmpfs -u --user --ulimit "
    "--userns --uts -v --volume --volumes-from -w --workdir"
)
_PROGRAMS: Final = {
    "busybox": _program(runs=0),
    "bash": _program("-o", script="-c"),
    "chroot": _program(runs=1),
    "command": _program(runs=0),
    "docker create": _program(_CONTAINER, runs=1),
    "docker exec": _program("-e --env --env-file -u --user -w --workdir --detach-keys", runs=1),
    "docker run": _program(_CONTAINER, runs=1),
    "env": _program("-u -C", runs=0),
    "exec": _program("-a", runs=0),
    "find": _program(whole=True),
    "ip netns exec": _program(runs=1),
    "nice": _program("-n", runs=0),
    "nohup": _program(runs=0),
    "qemu-system-x86_64": _program(whole=True),
    "nsenter": _program("-t --target -S --setuid -G --setgid", runs=0),
    "sbatch": _program("-J -n -N -o -p --time --mem --mem-per-cpu --wrap", script="--wrap"),
    "script": _program(script="-c"),
    "setpriv": _program("--reuid --regid --groups", runs=0),
    "setsid": _program(runs=0),
    "sh": _program("-o", script="-c"),
    "srun": _program("-J -n -N -o -p --time --mem --mem-per-cpu", runs=0),
    "strace": _program("-e -o -p", runs=0),
    "sudo": _program("-u -g -h -p -C -D -R -T", runs=0),
    "time": _program(runs=0),
    "timeout": _program("-s -k", runs=1),
    "unshare": _program(
        "-S -G -R -w --setuid --setgid --root --wd --map-user --map-group --map-users "
        "--map-groups --propagation --setgroups --boottime --monotonic",
        runs=0,
    ),
    "watch": _program("-n", runs=0),
    "xargs": _program("-n -I -P -L -d", runs=0),
}
_GLOBAL: Final = {
    "docker": frozenset(("-H", "--host", "-c", "--context", "--config", "-l", "--log-level")),
    "virsh": frozenset(("-c", "--connect", "-d", "-l", "-k", "-K")),
    "ip": frozenset(("-n", "-netns", "-f", "-family")),
}
_DOCKER_GROUPS: Final = _set(
    "builder buildx checkpoint compose config container context image manifest network node plugin "
    "secret service stack swarm system trust volume"
)
_DOCKER_SHORT: Final = {
    "container ls": "ps",
    "container list": "ps",
    "container ps": "ps",
    "image ls": "images",
    "image list": "images",
    "image rm": "rmi",
    "system info": "info",
}
_DOCKER_PLAIN: Final = _set("build history import load pull push save tag")
# In the order in which ip tries them: the first that begins so is meant (iproute2, ip.c and
# others).
_IP_OBJECTS: Final = (
    "address addrlabel maddress route rule neighbor neighbour link l2tp tunnel tuntap token "
    "tcp_metrics monitor xfrm mroute mrule netns netconf vrf"
)
_IP_ACTIONS: Final = "add append change delete exec flush get identify list pids replace set show"
_IP_WORDS: Final = _set(
    "address bridge dev down gre id ipvlan link local macvlan master mtu name netns nomaster peer "
    "remote scope src table type up veth via vlan vxlan"
)
_SHORT: Final = re.compile(r"-[A-Za-z0-9]+\Z")
_SETTING: Final = re.compile(r"(?:^|[,:])([a-z-]+)=")


# What a lesson shows is asked for again with each seed, and for each lesson that needs it.
@lru_cache(maxsize=16_384)
def uses(text: str) -> tuple[Use, ...]:
    """What a script or a piece of one uses, in its order, each once."""
    found = (use for words in shell.commands(text) if words for use in _uses(words))
    return tuple(dict.fromkeys(found))


def options(words: str) -> list[str]:
    """The options in a fragment that names no command, such as `-t 0` or `--tmpfs /x:size=1m`."""
    pieces = words.split()
    return [use.option for use in _options("", pieces, _Program(frozenset(pieces)))]


def command(words: str) -> str:
    """The command that a line begins with, without what `sudo` and others run."""
    return next((_path(one)[0] for one in shell.commands(words) if one), "")


def _uses(words: Sequence[str]) -> Iterator[Use]:
    words = [words[0].rpartition("/")[2], *words[1:]]
    name, before, after = _path(words)
    program = _PROGRAMS.get(name, _Program())
    yield Use(name)
    general = _Program(_GLOBAL.get(words[0], frozenset()), whole=words[0] == "ip")
    yield from _options(words[0], before, general)
    own, rest, script = _part(after, program)
    yield from _options(name, own, program)
    if words[0] == "ip":
        yield from (Use(name, word) for word in own if word in _IP_WORDS)
    if rest:
        yield from _uses(rest)
    if script:
        yield from uses(script)


def _path(words: Sequence[str]) -> tuple[str, list[str], list[str]]:
    """The command's name, the words before the one that says what it does, and those after."""
    name, rest = words[0].rpartition("/")[2], list(words[1:])
    if name not in _GLOBAL:
        return name, [], rest
    at = _first_word(rest, _GLOBAL[name])
    if at is None:
        return name, rest, []
    before, after = rest[:at], rest[at + 1 :]
    match name:
        case "docker":
            return _docker(rest[at], before, after)
        case "ip":
            return _ip(rest[at], before, after)
        case _:
            return f"{name} {rest[at]}", before, after


def _first_word(words: Sequence[str], values: frozenset[str]) -> int | None:
    skip = False
    for number, word in enumerate(words):
        if skip or word.startswith("-"):
            skip = not skip and word in values
            continue
        return number
    return None


def _docker(word: str, before: list[str], after: list[str]) -> tuple[str, list[str], list[str]]:
    if word in _DOCKER_GROUPS and after and not after[0].startswith("-"):
        word, after = f"{word} {after[0]}", after[1:]
        # `docker container X` is the long form of `docker X` for every X that is not above.
        short = word.removeprefix("container ")
        if word.removeprefix("image ") in _DOCKER_PLAIN:
            short = word.removeprefix("image ")
        word = _DOCKER_SHORT.get(word, short)
    return f"docker {word}", before, after


def _ip(word: str, before: list[str], after: list[str]) -> tuple[str, list[str], list[str]]:
    thing = next((one for one in _IP_OBJECTS.split() if one.startswith(word)), word)
    action = "show"
    if after and not after[0].startswith("-"):
        known = next((one for one in _IP_ACTIONS.split() if one.startswith(after[0])), "")
        if known:
            action, after = known.replace("list", "show"), after[1:]
    return f"ip {thing} {action}", before, after


def _part(words: Sequence[str], program: _Program) -> tuple[list[str], list[str], str]:
    """A program's own words, those of the command that it runs, and the script in an option."""
    if program.runs is None and not program.script:
        return list(words), [], ""
    own: list[str] = []
    script, count, skip = "", 0, ""
    for number, word in enumerate(words):
        if skip:
            script = word if skip == program.script else script
            own.append(word)
            skip = ""
        elif word.startswith("-") and len(word) > 1:
            own.append(word)
            last = _last(word)
            skip = last if last in program.values or last == program.script else ""
        elif program.runs is not None and count == program.runs:
            return own, list(words[number:]), script
        else:
            own.append(word)
            count += 1
    return own, [], script


def _last(word: str) -> str:
    """The option of a word that may take the next word: `-p` of `-itp`."""
    if word.startswith("--") or not _SHORT.match(word):
        return "" if "=" in word else word
    return f"-{word[-1]}"


def _options(name: str, words: Sequence[str], program: _Program) -> Iterator[Use]:
    """Each option of its own: `-it` is `-i` and `-t`, `--a=b` is `--a`."""
    for number, word in enumerate(words):
        if word == "--":
            return
        if not word.startswith("-") or len(word) == 1:
            continue
        if word.startswith("--") or program.whole or not _SHORT.match(word):
            option, equals, value = word.partition("=")
            yield Use(name, option)
            following = words[number + 1] if number + 1 < len(words) else ""
            value = value if equals else following if option in program.values else ""
            yield from (Use(name, f"{option} {one}=") for one in _settings(option, value))
            continue
        for letter in word[1:]:
            # `-n5`: a number is the value of the letter before it.
            if letter.isdigit() and word[1:2] != letter:
                break
            yield Use(name, f"-{letter}")
            # `-p80:80`: so is all that follows an option which takes a value.
            if f"-{letter}" in program.values:
                break


def _settings(option: str, value: str) -> list[str]:
    """What a value sets inside itself: `size` of `/scratch:size=64m`, `target` of a mount."""
    return _SETTING.findall(value) if option in ("--tmpfs", "--mount") else []
