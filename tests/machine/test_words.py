"""What QEMU and ssh are called with, what the system is made of, and which engine is meant."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from lab_engine import settings
from lab_engine.cli import endpoint
from lab_engine.errors import BenchError
from lab_engine.machine import boot, chosen, image, monitor, place, ssh
from lab_engine.machine.accelerator import Accelerator
from lab_engine.machine.boot import Hardware

ROOT = Path(__file__).parents[2]
KVM, TCG = Accelerator("kvm"), Accelerator("tcg", "there is none")


def hardware(folder: Path, *, internet: bool = False) -> Hardware:
    names = {name: folder / name for name in ("kernel", "root", "docker", "keys", "monitor", "pid")}
    return Hardware(memory=4 << 30, cpus=3, internet=internet, **names)


def after(words: list[str], option: str) -> list[str]:
    return [value for word, value in itertools.pairwise(words) if word == option]


def test_the_network_is_shut_unless_it_is_asked_for() -> None:
    (shut,) = after(boot.argv(hardware(Path("/d")), KVM), "-netdev")
    assert "restrict=on" in shut
    assert "hostfwd=tcp:127.0.0.1:0-" in shut, "only this computer may come in"
    (open_,) = after(boot.argv(hardware(Path("/d"), internet=True), KVM), "-netdev")
    assert "restrict=off" in open_


@pytest.mark.parametrize("accelerator", [KVM, TCG])
def test_what_a_machine_may_take_is_bounded(accelerator: Accelerator) -> None:
    words = boot.argv(hardware(Path("/d")), accelerator)
    assert after(words, "-m") == ["4096M"]
    assert after(words, "-smp") == ["3"]
    # A console in a file would grow as long as the guest writes to it.
    assert after(words, "-serial") == ["chardev:console"]
    assert after(words, "-chardev") == ["ringbuf,id=console,size=65536"]
    assert "spawn=deny" in after(words, "-sandbox")[0]
    # Nothing of this computer is shared with it but the disks that are its own.
    assert not [word for word in words if word.startswith(("-virtfs", "-fsdev", "-usb", "-hda"))]
    assert len(after(words, "-drive")) == 3


def test_kvm_has_the_hosts_processor_and_emulation_its_own_words() -> None:
    real, emulated = (boot.argv(hardware(Path("/d")), one) for one in (KVM, TCG))
    assert (after(real, "-accel"), after(real, "-cpu")) == (["kvm"], ["host"])
    assert after(emulated, "-accel")[0].startswith("tcg")
    assert "mitigations=off" in after(emulated, "-append")[0]
    # There it is a wall between the benches and the machine's own root.
    assert "mitigations=off" not in after(real, "-append")[0]


def test_a_comma_in_a_path_is_no_end_of_it() -> None:
    words = boot.argv(hardware(Path("/a,b")), KVM)
    assert "unix:/a,,b/monitor,server=on,wait=off" in words


@pytest.mark.skipif(not shutil.which(boot.QEMU), reason="needs QEMU")
def test_qemu_takes_these_words() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="m-") as name:
        folder = Path(name)
        for disk in ("root", "docker"):
            command = ["qemu-img", "create", "-q", "-f", "qcow2", str(folder / disk), "1M"]
            subprocess.run(command, check=True)
        (folder / "keys").write_bytes(bytes(512))
        words = boot.argv(hardware(folder), TCG)
        # Halted before the first instruction, and without a kernel to load.
        at = words.index("-kernel")
        process = subprocess.Popen([*words[:at], *words[at + 4 :], "-S"], stderr=subprocess.PIPE)
        try:
            port = _within_seconds(folder / "monitor", process)
            assert 0 < port < 65536
            assert monitor.console(folder / "monitor") == ""
            with pytest.raises(monitor.Silent, match="refuses"):
                monitor.ask(folder / "monitor", "no-such-command")
            monitor.ask(folder / "monitor", "quit")
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.communicate()


def _within_seconds(path: Path, process: subprocess.Popen[bytes]) -> int:
    for _ in range(200):
        assert process.poll() is None, process.communicate()[1]
        try:
            return monitor.ssh_port(path)
        except monitor.Silent:
            threading.Event().wait(0.1)
    raise AssertionError("no monitor in 20 s")


def test_a_monitor_that_says_nothing_is_not_waited_for() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="m-") as name:
        path = Path(name) / "qmp"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            with pytest.raises(monitor.Silent, match="does not answer"):
                monitor.ask(path, "stop", seconds=0.3)


def where(data: Path) -> place.Place:
    return place.of(settings.load({"INFRALAB_DATA_DIR": str(data), "HOME": "/root"}))


def test_ssh_trusts_one_key_and_none_of_the_users_settings() -> None:
    words = ssh.connection_argv(where(Path("/d")), 40123)
    assert words[:3] == ["ssh", "-F", "none"]
    given = set(after(words, "-o"))
    assert {
        "StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "ForwardAgent=no",
        "BatchMode=yes", "HostKeyAlias=infralab-machine", "ExitOnForwardFailure=yes",
        "StreamLocalBindMask=0177", "UserKnownHostsFile=/d/machine/keys/known_hosts",
    } <= given  # fmt: skip
    assert after(words, "-L") == ["/d/machine/docker.sock:/run/docker.sock"]


def test_a_command_goes_over_the_connection_or_nowhere() -> None:
    words = ssh.command_argv(where(Path("/d")), ["echo", "a b", "$HOME"], tty=False)
    # Else it would knock at this computer's own ssh.
    assert "ProxyCommand=false" in after(words, "-o")
    assert words[-1] == "echo 'a b' '$HOME'"
    assert "-t" not in words
    assert "-t" in ssh.command_argv(where(Path("/d")), [], tty=True)


def test_a_folder_with_a_blank_or_a_percent_sign_is_quoted_for_ssh() -> None:
    given = after(ssh.options(where(Path("/a b%c"))), "-o")
    assert 'ControlPath="/a b%%c/machine/ssh.sock"' in given


def test_keys_are_only_the_users_and_new_each_time(tmp_path: Path) -> None:
    one = where(tmp_path)
    one.folder.mkdir()
    ssh.make_keys(one)
    first = (one.keys / ssh.OURS).read_bytes()
    for path in (one.keys / ssh.OURS, one.keys / ssh.THEIRS, one.key_disk):
        assert path.stat().st_mode & 0o077 == 0, path
    assert one.keys.stat().st_mode & 0o077 == 0
    listed = subprocess.run(
        ["tar", "-tf", str(one.key_disk)], capture_output=True, text=True, check=True
    )
    assert listed.stdout.split() == ["authorized_keys", "host_ed25519"]
    ssh.make_keys(one)
    assert (one.keys / ssh.OURS).read_bytes() != first


def test_the_docker_that_stands_in_hands_all_words_on(tmp_path: Path) -> None:
    one = where(tmp_path)
    one.folder.mkdir()
    ssh.write_docker(one)
    shown = tmp_path / "ssh"
    shown.write_text('#!/bin/sh\nfor word in "$@"; do last=$word; done\nprintf %s "$last"\n')
    shown.chmod(0o755)
    words = ["exec", "-i", "a b", "sh", "-c", "echo 'it'\n\"$x\"\n"]
    done = subprocess.run(
        [str(one.programs / "docker"), *words], capture_output=True, text=True, check=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert shlex.split(done.stdout) == ["docker", *words]


def test_the_system_is_named_after_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = image.key()
    assert image.key() == before
    files = image.inputs()
    assert {"customize.sh", "packages.txt", "modules.txt", "masked.txt"} <= set(files)
    monkeypatch.setattr(image, "inputs", lambda: {**files, "masked.txt": b""})
    assert image.key() != before


def test_the_recipe_is_plain_sh() -> None:
    done = subprocess.run(["dash", "-n", str(image.HERE / "customize.sh")], check=False)
    assert done.returncode == 0


def test_every_lesson_module_of_the_neighbouring_way_is_there() -> None:
    """`vagrant/provision.sh` loads the same ones."""
    text = (ROOT / "vagrant/provision.sh").read_text()
    theirs = set(text.partition("modules='")[2].partition("'")[0].split())
    assert set(image.inputs()["modules.txt"].decode().split()) == theirs


NOTED = "unix:///d/machine/docker.sock"


@pytest.mark.parametrize(
    ("env", "noted", "meant"),
    [
        ({}, False, ""),
        ({}, True, NOTED),
        ({"INFRALAB_ENGINE": "machine"}, False, NOTED),
        ({"INFRALAB_ENGINE": "docker"}, True, ""),
        ({"DOCKER_HOST": "tcp://h:1"}, True, "tcp://h:1"),
        ({"DOCKER_HOST": "tcp://h:1", "INFRALAB_ENGINE": "machine"}, False, NOTED),
    ],
)
def test_which_engine_is_meant(
    tmp_path: Path, env: Mapping[str, str], noted: bool, meant: str
) -> None:
    full = {"INFRALAB_DATA_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/bin", **env}
    if noted:
        where(tmp_path).folder.mkdir()
        where(tmp_path).use.touch()
    endpoint.follow(full, "doctor")
    assert full.get("DOCKER_HOST", "") == meant.replace("/d/", f"{tmp_path}/")


def test_a_verb_that_needs_the_engine_says_that_the_machine_is_off(tmp_path: Path) -> None:
    env = {"INFRALAB_DATA_DIR": str(tmp_path), "HOME": "/root", "INFRALAB_ENGINE": "machine"}
    with pytest.raises(BenchError, match="does not run") as error:
        endpoint.follow(dict(env), "up")
    assert "infralab machine start" in error.value.hint
    # What is removed with it needs no engine in it.
    removing = dict(env)
    endpoint.follow(removing, "uninstall")
    assert "DOCKER_HOST" not in removing


def test_what_would_lead_to_another_engine_is_taken_away(tmp_path: Path) -> None:
    one = where(tmp_path)
    one.folder.mkdir()
    one.note.write_text('{"accelerator": "tcg"}')
    env = {"PATH": "/nowhere", "DOCKER_CONTEXT": "far", "DOCKER_TLS_VERIFY": "1"}
    chosen.follow(settings.load({"INFRALAB_DATA_DIR": str(tmp_path), "HOME": "/root"}), env)
    assert env == {
        "DOCKER_HOST": f"unix://{tmp_path}/machine/docker.sock",
        "INFRALAB_PATIENCE": "10",
        "PATH": f"{tmp_path}/machine/bin:/nowhere",
    }


def test_podmans_stand_in_is_no_docker(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nexec podman\n")
    (tmp_path / "docker").chmod(0o755)
    assert not chosen._has_docker(str(tmp_path))
    (tmp_path / "docker").write_bytes(b"\x7fELF\x02")
    assert chosen._has_docker(str(tmp_path))


@pytest.mark.parametrize("name", ["machine_cpus", "machine_memory", "machine_disk", "engine"])
def test_settings_that_cannot_be_are_refused(name: str) -> None:
    from lab_engine.errors import UsageError

    with pytest.raises(UsageError, match=f"INFRALAB_{name.upper()}"):
        settings.load({f"INFRALAB_{name.upper()}": "0", "HOME": "/root"})
