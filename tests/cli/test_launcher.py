"""The launcher, run for real in a small clone: its own package, its own virtual environment."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "infralab"
version = "0"
"""

BACKEND = """\
import pathlib, time, zipfile


def build_editable(folder, config_settings=None, metadata_directory=None):
    here = pathlib.Path(__file__).parent
    while (here / "slow").exists():
        time.sleep(0.1)
    if (here / "broken").exists():
        raise SystemExit("the backend is broken on purpose")
    name = "infralab-0-py3-none-any.whl"
    info = "infralab-0.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("infralab.pth", f"{here}\\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: infralab\\nVersion: 0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n"
                       "Tag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""

MAIN = """\
import os, pathlib, sys

words = sys.argv[1:]
with pathlib.Path(__file__).parents[1].joinpath("calls").open("a") as file:
    file.write(" ".join(words) + "\\n")
if words[:2] == ["image", "status"]:
    sys.exit(0 if os.path.exists("image-is-there") else 1)
if words == ["up", "fail"]:
    sys.exit(7)
print("ran", *words, "in", sys.prefix)
"""

NOBODY = 65534


class Clone:
    """A clone with a package that writes down how it is called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder.with_name("home")
        self.home.mkdir()
        (folder / "lab_engine" / "cli").mkdir(parents=True)
        shutil.copy(ROOT / "infralab", folder / "infralab")
        shutil.copy(ROOT / "lab_engine" / "cli" / "frame.py", folder / "lab_engine" / "cli")
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "backend.py").write_text(BACKEND)
        (folder / "requirements.lock").write_text("# nothing\n")
        (folder / "lab_engine" / "__init__.py").touch()
        (folder / "lab_engine" / "__main__.py").write_text(MAIN)
        tools = folder.with_name("tools")
        tools.mkdir()
        for name in ("docker", "mmdebstrap", "newuidmap"):
            tool = tools / name
            tool.write_text("#!/bin/sh\nexit 0\n")
            tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        self.env = {
            "PATH": f"{tools}:{Path(sys.base_prefix) / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            # An engine elsewhere: what the launcher does to a local one is no unit test's matter.
            "DOCKER_HOST": "tcp://127.0.0.1:1",
            "LANG": "C.UTF-8",
        }

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["./infralab", *words],
            cwd=self.folder,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which everything is set up; tests leave it so."""
    clone = Clone(tmp_path_factory.mktemp("launcher") / "clone")
    done = clone.run("--yes", "up", "x")
    assert done.returncode == 0, done.stderr
    assert f"Making {clone.venv}" in done.stderr
    return clone


@pytest.mark.slow
def test_a_clone_may_lie_in_a_folder_with_spaces(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "my own 'clone'")
    done = clone.run("--yes", "lessons")
    assert done.returncode == 0, done.stderr
    assert "ran lessons" in done.stdout


@pytest.mark.slow
def test_setup_takes_the_yes_after_its_name(clone: Clone, ready: Clone) -> None:
    shutil.copytree(ready.venv, clone.venv, symlinks=True)
    done = clone.run("setup", "--yes")
    assert "nobody is here to agree" not in done.stderr
    assert "ran setup --yes" in done.stdout, done.stderr


@pytest.fixture
def started(clone: Clone, ready: Clone) -> Clone:
    """A clone that got as far as an empty virtual environment: making one takes seconds."""
    shutil.copytree(ready.venv, clone.venv, symlinks=True)
    for stamp in clone.venv.glob(".infralab*"):
        stamp.unlink()
    return clone


@pytest.mark.slow
def test_sets_up_once_and_runs(ready: Clone) -> None:
    assert ready.calls()[:3] == ["image status", "setup", "up x"] or ready.calls()[:2] == [
        "setup",
        "up x",
    ]
    before = len(ready.calls())
    again = ready.run("up", "y")
    assert again.returncode == 0
    assert again.stdout == f"ran up y in {ready.venv}\n"
    assert again.stderr == ""
    assert ready.calls()[before:] == ["up y"]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["environment", "settings", "note"])
def test_with_the_machine_no_docker_is_asked_for(ready: Clone, how: str) -> None:
    """Neither in the list of what it would install, nor as an engine that must answer."""
    env = {"INFRALAB_DATA_DIR": str(ready.home / how), "DOCKER_HOST": "", "INFRALAB_ENGINE": ""}
    if how == "environment":
        env["INFRALAB_ENGINE"] = "machine"
    elif how == "settings":
        folder = ready.home / "settings"
        folder.mkdir()
        (folder / "config.toml").write_text('engine = "machine"\n')
        env["INFRALAB_CONFIG_DIR"] = str(folder)
    else:
        (ready.home / how / "machine").mkdir(parents=True)
        (ready.home / how / "machine" / "use").touch()
    tools = ready.folder.with_name("without-docker")
    tools.mkdir(exist_ok=True)
    for name in ("docker", "dockerd"):
        # Whoever calls it is told.
        (tools / name).write_text("#!/bin/sh\necho called >&2\nexit 1\n")
        (tools / name).chmod(0o755)
    env["PATH"] = f"{tools}:{ready.env['PATH']}"
    done = ready.run("up", how, **env)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.slow
def test_exit_code_and_words_arrive(ready: Clone) -> None:
    assert ready.run("up", "fail").returncode == 7
    assert ready.run("run", "--", "a b", "*").stdout.startswith("ran run -- a b * in")


@pytest.mark.slow
def test_nothing_on_the_way_costs_much(ready: Clone) -> None:
    """Under 0.3 s more than the Python that it starts; the best of some runs counts."""

    def best(command: Sequence[str]) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run(
                command, cwd=ready.folder, env=ready.env, stdout=subprocess.DEVNULL, check=True
            )
            times.append(time.perf_counter() - start)
        return min(times)

    bare = best([str(ready.venv / "bin" / "python"), "-P", "-m", "lab_engine", "up"])
    assert best(["./infralab", "up"]) - bare < 0.3


@pytest.mark.slow
def test_a_changed_lock_is_installed(ready: Clone) -> None:
    lock = ready.folder / "requirements.lock"
    old = lock.read_text()
    lock.write_text("# still nothing\n")
    done = ready.run("up", "z")
    assert "Installing the Python packages" in done.stderr
    assert done.returncode == 0
    lock.write_text(old)
    assert ready.run("up", "z").returncode == 0


def test_without_consent_nothing_happens(clone: Clone) -> None:
    done = clone.run("up", "x")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert "build the bench image" in done.stderr
    assert done.stdout == ""
    assert not clone.venv.exists()
    assert list(clone.home.iterdir()) == []


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("doctor",), ("up", "--help")])
def test_what_needs_nothing_installs_nothing(clone: Clone, words: Sequence[str]) -> None:
    done = clone.run(*words)
    assert done.returncode == 0
    assert clone.calls() == [" ".join(words)]
    assert not clone.venv.exists()


def test_an_unknown_verb_installs_nothing(clone: Clone) -> None:
    clone.run("--yes", "upp")
    assert not clone.venv.exists()


def test_unknown_verb_in_this_clone() -> None:
    done = subprocess.run(
        [str(ROOT / "infralab"), "doctr"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Did you mean" in done.stderr


def test_uninstall_sets_nothing_up(clone: Clone) -> None:
    done = clone.run("uninstall")
    assert done.returncode == 0
    assert "nothing of infralab" in done.stderr
    assert not clone.venv.exists()


def test_no_python_says_what_to_do(clone: Clone) -> None:
    tools = clone.folder.with_name("bare")
    tools.mkdir()
    for name in ("readlink", "dirname", "id", "grep", "sh", "env"):
        (tools / name).symlink_to(str(shutil.which(name)))
    for words, code in ((("--help",), 0), (("doctor",), 3), (("nonsense",), 2)):
        done = clone.run(*words, PATH=str(tools))
        assert done.returncode == code, done.stderr
        assert "infralab" in done.stderr


@pytest.mark.slow
def test_fast_tests_need_no_image(started: Clone) -> None:
    assert started.run("--yes", "test", "--fast").returncode == 0
    assert started.calls() == ["test --fast"]


@pytest.mark.slow
def test_an_image_that_was_loaded_is_not_built(started: Clone) -> None:
    assert started.run("--yes", "image", "load", "f").returncode == 0
    (started.folder / "image-is-there").touch()
    (started.folder.with_name("tools") / "mmdebstrap").unlink()
    done = started.run("up", "x")
    assert done.returncode == 0, done.stderr
    assert "setup" not in started.calls()


@pytest.mark.slow
def test_a_failure_shows_the_log_and_the_next_run_goes_on(started: Clone) -> None:
    (started.folder / "broken").touch()
    done = started.run("--yes", "up", "x")
    assert done.returncode == 3
    assert "broken on purpose" in done.stderr
    assert "run ./infralab again" in done.stderr
    (started.folder / "broken").unlink()
    again = started.run("--yes", "up", "x")
    assert again.returncode == 0
    assert "Making" not in again.stderr


@pytest.mark.slow
def test_interrupted_and_run_again(started: Clone) -> None:
    slow = started.folder / "slow"
    slow.touch()
    process = subprocess.Popen(
        ["./infralab", "--yes", "up", "x"],
        cwd=started.folder,
        env=started.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Installing infralab"):
            break
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(timeout=10) == 130
    process.stderr.close()
    assert "Interrupted" in rest
    slow.unlink()
    assert started.run("--yes", "up", "x").returncode == 0


def test_asks_in_a_terminal(clone: Clone) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(clone.folder)
        os.execve("./infralab", ["./infralab", "up", "x"], clone.env)
    os.write(terminal, b"n\n")
    seen = b""
    try:
        while block := os.read(terminal, 4096):
            seen += block
    except OSError:
        pass
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 2
    assert b"nothing was changed" in seen
    assert not clone.venv.exists()


@pytest.mark.slow
def test_works_through_a_link_and_from_elsewhere(ready: Clone, tmp_path: Path) -> None:
    link = tmp_path / "infralab"
    link.symlink_to(ready.folder / "infralab")
    (tmp_path / "lab_engine").mkdir()
    (tmp_path / "lab_engine" / "__main__.py").write_text("raise SystemExit('the wrong one')")
    done = subprocess.run(
        [str(link), "up"], cwd=tmp_path, env=ready.env, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("ran up in")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run as another user")
def test_a_second_user_of_a_clone_has_packages_of_their_own() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        root = Path(folder)
        root.chmod(0o755)
        clone = Clone(root / "clone")
        home = root / "second"
        home.mkdir()
        os.chown(home, NOBODY, NOBODY)
        clone.venv.mkdir()
        (clone.folder / "calls").touch()
        subprocess.run(["chmod", "-R", "go+rX", folder], check=True)
        (clone.folder / "calls").chmod(0o666)
        done = subprocess.run(
            ["./infralab", "--yes", "lessons"],
            cwd=clone.folder,
            env={**clone.env, "HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        own = home / ".cache" / "infralab" / "venv"
        assert done.stdout == f"ran lessons in {own}\n", done.stderr
        assert list(clone.venv.iterdir()) == []
