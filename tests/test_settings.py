"""Settings: where a value comes from, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine import settings
from lab_engine.errors import UsageError


def env(home: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(home), **more}


def test_folders_follow_the_xdg_rules(tmp_path: Path) -> None:
    chosen = settings.load(env(tmp_path))
    assert chosen.data_dir == tmp_path / ".local/share/infralab"
    assert chosen.cache_dir == tmp_path / ".cache/infralab"
    assert chosen.config_file == tmp_path / ".config/infralab/config.toml"
    elsewhere = settings.load(env(tmp_path, XDG_DATA_HOME="/data", XDG_CACHE_HOME="relative"))
    assert elsewhere.data_dir == Path("/data/infralab")
    assert elsewhere.cache_dir == tmp_path / ".cache/infralab"
    own = settings.load(env(tmp_path, INFRALAB_DATA_DIR="/mine"))
    assert own.data_dir == Path("/mine")


def write(home: Path, text: str) -> dict[str, str]:
    folder = home / ".config/infralab"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text)
    return env(home)


def test_file_and_environment(tmp_path: Path) -> None:
    base = write(tmp_path, 'bench_memory = "2g"\nbench_cpus = 1.5\nbench_idle = "30m"\n')
    chosen = settings.load(base)
    assert (chosen.bench_memory, chosen.bench_cpus, chosen.bench_idle) == (2 << 30, 1.5, 1800)
    assert settings.load(base | {"INFRALAB_BENCH_MEMORY": "1 GiB"}).bench_memory == 1 << 30


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("INFRALAB_BENCH_MEMORY", "much", "512m or 4g"),
        ("INFRALAB_BENCH_MEMORY", "1m", "at least 512m"),
        ("INFRALAB_BENCH_CPUS", "-1", "number of CPUs"),
        ("INFRALAB_BENCH_CPUS", "two", "number of CPUs"),
        ("INFRALAB_BENCH_IDLE", "soon", "30m or 2h"),
        ("INFRALAB_IMAGE_SOURCE", "hub", "mmdebstrap"),
        ("INFRALAB_MIRROR", "mirror.example", "URL"),
    ],
)
def test_wrong_value_names_its_place(tmp_path: Path, variable: str, value: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings.load(env(tmp_path, **{variable: value}))
    assert variable in caught.value.message
    assert words in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bench_memory = \n", "not valid TOML"),
        ('bench_memoy = "4g"\n', "does not know"),
        ('image_source = "hub"\n', "image_source in "),
    ],
)
def test_wrong_file_names_itself(tmp_path: Path, text: str, words: str) -> None:
    base = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        settings.load(base)
    assert words in caught.value.message
    assert "config.toml" in caught.value.message


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path / ".config/infralab"
    (folder / "config.toml").mkdir(parents=True)
    with pytest.raises(UsageError, match="cannot be read"):
        settings.load(env(tmp_path))
