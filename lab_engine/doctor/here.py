"""What is ours or the user's: the bench image, the terminal."""

from __future__ import annotations

from typing import Final

from lab_engine import settings
from lab_engine.doctor.engine import Engine
from lab_engine.doctor.machine import Finding, Machine, State, install, me
from lab_engine.errors import InfralabError
from lab_engine.shown import PRINT_ONLY

COLUMNS: Final = 80
LINES: Final = 24


def configuration(machine: Machine) -> Finding:
    """Whether the settings can be used, from file and environment."""
    name = "Settings"
    try:
        chosen = settings.load(machine.env)
    except InfralabError as error:
        return Finding(
            name, State.MISSING, error.message, "Every command that uses a bench.", error.hint
        )
    return Finding(name, State.OK, f"{chosen.config_file} and the environment can be used")


def image(machine: Machine, engine: Engine) -> Finding:
    """Whether the bench image of this version is there."""
    name = "Bench image"
    if not engine.reached:
        return Finding(name, State.UNKNOWN, "the engine was not reached")
    try:
        from lab_engine.bench.image import base_tag, bench_tag
    except ImportError as error:
        # doctor also runs on a bare Python, before anything is installed.
        found = f"cannot be looked at yet: the Python package {error.name} is not installed"
        return Finding(name, State.UNKNOWN, found, mend=me(machine, "setup"))
    wanted = bench_tag()
    if machine.run("docker", "image", "inspect", "-f", "{{.Id}}", wanted).code == 0:
        return Finding(name, State.OK, f"{wanted}, of this version")
    repository = wanted.rpartition(":")[0]
    listed = machine.run("docker", "image", "ls", "-q", repository)
    old = listed.code == 0 and bool(listed.out.strip())
    based = machine.run("docker", "image", "inspect", "-f", "{{.Id}}", base_tag()).code == 0
    lasts = "a few seconds" if based else "2 to 3 minutes"
    return Finding(
        name,
        State.MISSING,
        "there is one of another version" if old else "not built yet",
        "Every lesson with an environment.",
        f"{me(machine, 'setup')}  (builds it, {lasts})\n"
        f"or, from a file: {me(machine, 'image load FILE')}",
    )


def terminal(machine: Machine) -> Finding:
    """Whether the terminal is large enough, and can show what the lessons show."""
    name = "Terminal"
    size = machine.terminal()
    if size is None:
        return Finding(name, State.UNKNOWN, "this does not run in a terminal")
    columns, lines = size
    found = f"{columns} columns, {lines} lines"
    if columns < COLUMNS or lines < LINES:
        return Finding(
            name,
            State.LIMITED,
            found,
            "Text and shell do not fit beside each other.",
            f"Make the window at least {COLUMNS} columns wide and {LINES} lines high.",
        )
    if machine.env.get("TERM", "") in PRINT_ONLY:
        return Finding(
            name,
            State.LIMITED,
            f"{found}, but TERM is {machine.env.get('TERM') or 'not set'}",
            f"The full-screen course; `{me(machine, 'learn --plain')}` works.",
            "export TERM=xterm-256color",
        )
    # The first that is set counts (locale(7)).
    locale = next((v for k in ("LC_ALL", "LC_CTYPE", "LANG") if (v := machine.env.get(k))), "")
    if "utf" not in locale.lower():
        return Finding(
            name,
            State.LIMITED,
            f"{found}, with the locale {locale or 'C'}",
            "Diagrams: their lines look wrong.",
            "export LANG=C.UTF-8",
        )
    return Finding(name, State.OK, f"{found}, UTF-8")


def tmux(machine: Machine) -> Finding:
    """A second window beside the plain walk: handy, never needed."""
    name = "tmux"
    if machine.env.get("TMUX"):
        return Finding(name, State.OK, "this runs in it")
    if machine.has("tmux"):
        return Finding(name, State.OK, "is installed")
    return Finding(
        name,
        State.LIMITED,
        "is not installed",
        "A split window for `learn --plain`; a second terminal does as well.",
        install(machine, "tmux"),
    )
