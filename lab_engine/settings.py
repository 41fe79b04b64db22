"""Where infralab keeps its files, and what a user may set.

A value comes from the environment (`INFRALAB_*`), else from `config.toml` in the configuration
folder, else from the default here. The folders follow the XDG base directory rules.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from lab_engine.common import ordinary, quantities
from lab_engine.errors import UsageError

ENGINES: Final = ("docker", "machine")
IMAGE_SOURCES: Final = ("auto", "mmdebstrap", "base-image")
AHEAD: Final = ("auto", "on", "off")
LONGEST_FILE: Final = 1 << 20
"""Bytes that `config.toml` may have."""
MOST_BYTES: Final = 1 << 50
MOST_SECONDS: Final = 366 * 24 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set, validated.

    Args:
        data_dir: progress, sessions and logs; `uninstall` removes it.
        cache_dir: what can be made again.
        bench_memory: the memory limit of a bench, in bytes.
        bench_cpus: how many CPUs a bench may use; 0 means all of them.
        bench_disk: the most bytes that the files of a bench may have.
        bench_idle: after so many seconds without a client a bench ends; 0 means never.
        bench_ahead: whether a lesson's bench is made before it is opened; `auto` where the machine
            has room for it.
        engine: `docker` or `machine`; empty for what `infralab machine use` noted, else Docker.
        image_source: how to build the bench image.
        machine_memory: the memory of the virtual machine for benches, in bytes.
        machine_cpus: how many processors it has.
        machine_disk: the most bytes that its engine's disk may grow to.
        mirror: the Debian mirror for building the image; empty for the default one.
        keys: the table `[keys]`: what `lab_engine.tui.keymap` reads.
    """

    data_dir: Path
    cache_dir: Path
    config_file: Path
    bench_memory: int = 4 << 30
    bench_cpus: float = 0.0
    bench_disk: int = 10 << 30
    bench_idle: int = 2 * 60 * 60
    bench_ahead: str = "auto"
    engine: str = ""
    image_source: str = "auto"
    machine_memory: int = 6 << 30
    machine_cpus: int = 2
    machine_disk: int = 40 << 30
    mirror: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    @property
    def machine_dir(self) -> Path:
        """All that a virtual machine for benches has on this computer."""
        return self.data_dir / "machine"

    @property
    def machine_socket(self) -> Path:
        """Where its engine answers while it runs."""
        return self.machine_dir / "docker.sock"


def _size(value: object) -> int:
    try:
        size = quantities.size(str(value))
    except ValueError:
        raise ValueError("a size such as 512m or 4g") from None
    if size < 512 << 20:
        raise ValueError("at least 512m, which a bench needs")
    if size > MOST_BYTES:
        raise ValueError("at most 1048576g")
    return size


def _cpus(value: object) -> float:
    words = "a number of CPUs, or 0 for all of them"
    try:
        number = float(str(value))
    except ValueError:
        raise ValueError(words) from None
    if not 0 <= number <= 4096:
        raise ValueError(words)
    return number


def _processors(value: object) -> int:
    text = str(value)
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise ValueError("a whole number from 1 to 64")
    return int(text)


def _seconds(value: object) -> int:
    try:
        seconds = quantities.seconds(str(value))
    except ValueError:
        raise ValueError("a time such as 90s, 30m or 2h, or to 0 for never") from None
    if seconds > MOST_SECONDS:
        raise ValueError("at most a year, or to 0 for never")
    return seconds


def _one_of(choices: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(value)

    return read


def _mirror(value: object) -> str:
    text = str(value).strip()
    if text and not re.match(r"(https?|file|ftp)://\S+$", text):
        raise ValueError("a URL such as https://mirror.example/debian")
    return text


def _keys(value: object) -> dict[str, str]:
    # From the environment it comes as one text, which is what a shell can give.
    if isinstance(value, str):
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        value = {action.strip(): key.strip() for action, _, key in pairs}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value.values()):
        raise ValueError('a table of actions and keys, such as check = "f5"')
    return value


_READERS: Final[dict[str, Callable[[object], Any]]] = {
    "bench_memory": _size,
    "bench_cpus": _cpus,
    "bench_disk": _size,
    "bench_idle": _seconds,
    "bench_ahead": _one_of(AHEAD),
    "engine": _one_of(ENGINES),
    "image_source": _one_of(IMAGE_SOURCES),
    "machine_memory": _size,
    "machine_cpus": _processors,
    "machine_disk": _size,
    "mirror": _mirror,
    "keys": _keys,
}


def _folder(env: Mapping[str, str], own: str, xdg: str, fallback: str) -> Path:
    if env.get(own):
        try:
            return Path(env[own]).expanduser().absolute()
        except RuntimeError:
            raise UsageError(
                f"${own} is {env[own]!r}, and this machine has no such user",
                hint="Name the folder by its path, or leave it out.",
            ) from None
    base = env.get(xdg, "")
    # The XDG rules say that a relative path is to be ignored.
    root = Path(base) if base.startswith("/") else Path(env.get("HOME", "/root")) / fallback
    return root / "infralab"


def _from_file(path: Path) -> dict[str, object]:
    try:
        raw = ordinary.text(path, LONGEST_FILE)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", hint="Mend or remove the file."
        ) from None
    try:
        table = tomllib.loads(raw)
    except (ValueError, RecursionError) as error:
        # Python's own reader has no limit of depth, and none of digits but that of `int`.
        raise UsageError(
            f"{path} is not valid TOML: {error}", hint=f"Mend that line, or remove {path}."
        ) from None
    unknown = sorted(set(table) - set(_READERS))
    if unknown:
        raise UsageError(
            f"{path} sets {', '.join(unknown)}, which infralab does not know",
            hint=f"It knows {', '.join(sorted(_READERS))}.",
        )
    return table


def _short(value: object) -> str:
    """As it was written, so that a message stays one: a file may have a thousand numbers here."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = f"a very long {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:80]}…"


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises:
        UsageError: a value cannot be used; says which one, where it was set, and what is expected.
    """
    env = os.environ if env is None else env
    config_dir = _folder(env, "INFRALAB_CONFIG_DIR", "XDG_CONFIG_HOME", ".config")
    config_file = config_dir / "config.toml"
    file = _from_file(config_file)
    values: dict[str, Any] = {}
    for name, read in _READERS.items():
        variable = f"INFRALAB_{name.upper()}"
        # An empty one is as good as none, as the XDG rules say of theirs.
        if env.get(variable):
            where, value = f"${variable}", env[variable]
        elif name in file:
            where, value = f"{name} in {config_file}", file[name]  # type: ignore[assignment]
        else:
            continue
        try:
            values[name] = read(value)
        except ValueError as error:
            raise UsageError(
                f"{where} is {_short(value)}", hint=f"Set it to {error}, or leave it out."
            ) from None
    return Settings(
        data_dir=_folder(env, "INFRALAB_DATA_DIR", "XDG_DATA_HOME", ".local/share"),
        cache_dir=_folder(env, "INFRALAB_CACHE_DIR", "XDG_CACHE_HOME", ".cache"),
        config_file=config_file,
        **values,
    )


def names() -> tuple[str, ...]:
    """The names that `config.toml` may hold."""
    return tuple(one.name for one in fields(Settings) if one.name in _READERS)
