"""Tokens that differ from run to run are put into what is typed; everything else is left alone."""

from __future__ import annotations

import pytest

from lab_engine.recording.tokens import Tokens

OLD, NEW = "3b0b31c4d5e6", "a1f2e3d4c5b6"
OLD64, NEW64 = OLD + "0" * 52, NEW + "9" * 52


def learned(
    *pairs: tuple[str, str], known: tuple[str, ...] = (), names: tuple[str, ...] = ()
) -> Tokens:
    tokens = Tokens(known, names)
    for old, new in pairs:
        tokens.learn(old, new)
    return tokens


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (f"docker rm -f {OLD}\r", f"docker rm -f {NEW}\r"),
        ("docker rm -f 3b0b\r", "docker rm -f a1f2\r"),
        (f"docker logs {OLD[:8]}; ls\r", f"docker logs {NEW[:8]}; ls\r"),
        (f"docker run --net=container:{OLD} x\r", f"docker run --net=container:{NEW} x\r"),
        (f"ls /sys/{OLD64}/y\r", f"ls /sys/{NEW64}/y\r"),
        ("docker rm -f feed\r", "docker rm -f feed\r"),
        ("docker run --name c2-3b x\r", "docker run --name c2-3b x\r"),
    ],
)
def test_container_ids_and_their_beginnings(typed: str, wanted: str) -> None:
    tokens = learned((f"{OLD64}\n$ ", f"{NEW64}\n$ "), (f"{OLD}\n$ ", f"{NEW}\n$ "))
    assert tokens.put(typed) == (wanted, [])


@pytest.mark.parametrize(
    ("old", "new", "typed", "wanted"),
    [
        ("[1] 4711", "[1] 815", "kill 4711\r", "kill 815\r"),
        ("inet 172.17.0.3/16", "inet 172.17.0.9/16", "ping 172.17.0.3\r", "ping 172.17.0.9\r"),
        ("/dev/loop7", "/dev/loop12", "losetup -d /dev/loop7\r", "losetup -d /dev/loop12\r"),
        ("vnet3 bridge", "vnet0 bridge", "ip link show vnet3\r", "ip link show vnet0\r"),
        ("5: veth1a2b3c4@if4", "7: vetha9b8c7d@if6", "echo veth1a2b3c4\r", "echo vetha9b8c7d\r"),
        ("tty pts/3", "tty pts/5", "echo > /dev/pts/3\r", "echo > /dev/pts/5\r"),
        (
            "52:54:00:aa:bb:cc",
            "52:54:00:11:22:33",
            "arping 52:54:00:aa:bb:cc\r",
            "arping 52:54:00:11:22:33\r",
        ),
        (
            "UUID: 01234567-89ab-cdef-0123-456789abcdef",
            "UUID: fedcba98-7654-3210-fedc-ba9876543210",
            "virsh domname 01234567-89ab-cdef-0123-456789abcdef\r",
            "virsh domname fedcba98-7654-3210-fedc-ba9876543210\r",
        ),
        ("  join --token SWMTKN-1-0a-b", "  join --token SWMTKN-1-9z-y",
         "docker swarm join --token SWMTKN-1-0a-b\r", "docker swarm join --token SWMTKN-1-9z-y\r"),
    ],
)  # fmt: skip
def test_other_tokens(old: str, new: str, typed: str, wanted: str) -> None:
    assert learned((old, new)).put(typed) == (wanted, [])


def test_lines_pair_though_times_and_columns_differ() -> None:
    old = f"NAME\n{OLD}   busybox   3 seconds ago   Up 2 seconds\nend"
    new = f"NAME\n{NEW}   busybox   About a minute ago   Up 59 seconds\nend"
    assert learned((old, new)).put(f"docker stop {OLD}\r")[0] == f"docker stop {NEW}\r"


def test_of_a_number_the_last_pair_counts() -> None:
    tokens = learned(("[1] 4711", "[1] 815"), ("[1] 4711", "[1] 816"))
    assert tokens.put("kill 4711\r") == ("kill 816\r", [])


def test_what_is_the_same_in_both_runs_is_left_alone() -> None:
    tokens = learned(("uid=1000(learner) 65534", "uid=1000(learner) 65534"))
    assert tokens.put("chown 1000:65534 x\r") == ("chown 1000:65534 x\r", [])


def test_the_lessons_own_words_are_left_alone() -> None:
    tokens = learned(("free 256", "free 257"), (OLD, NEW), known=("256",), names=("3b0", "4711"))
    assert tokens.put("virsh setmem vm 256M; sleep 256\r")[0].endswith("sleep 256\r")
    assert tokens.put("docker rm 3b0\r")[0] == "docker rm 3b0\r"
    tokens.learn("[1] 4711", "[1] 815")
    assert tokens.put("kill 4711\r")[0] == "kill 815\r"


def test_a_name_that_looks_like_the_beginning_of_an_id_stays_a_name() -> None:
    tokens = learned(("c2aabbccddee", "0011223344ff"), ("docker run --name c2 x", "the same"))
    assert tokens.put("docker rm c2\r") == ("docker rm c2\r", [])


def test_a_beginning_typed_twice_is_put_twice() -> None:
    tokens = learned((OLD, NEW))
    assert tokens.put("docker stop 3b0b\r")[0] == "docker stop a1f2\r"
    tokens.learn("docker stop 3b0b\n3b0b", "docker stop a1f2\na1f2")
    assert tokens.put("docker rm 3b0b\r")[0] == "docker rm a1f2\r"


def test_what_may_stand_for_two_things_is_told() -> None:
    tokens = learned((OLD, NEW), ("x " + OLD[:4] + "99999999", "x " + "7" * 12))
    assert tokens.put("docker rm 3b0b\r") == ("docker rm 3b0b\r", ["3b0b"])
    tokens = learned((OLD, NEW), ("again " + OLD, "again " + "7" * 12))
    assert tokens.put(f"docker rm {OLD}\r")[1] == [OLD]


def test_an_id_with_a_slip_of_the_finger() -> None:
    tokens = learned((OLD, NEW))
    assert tokens.put("docker rm 3bx\x7f0b\r")[0] == "docker rm a1f2\r"
    assert tokens.put("lsx\x7f\r")[0] == "lsx\x7f\r"


def test_escape_sequences_hold_no_tokens() -> None:
    tokens = learned(("pid 200", "pid 300"))
    pasted = "\x1b[200~kill 200\x1b[201~\r"
    assert tokens.put(pasted)[0] == "\x1b[200~kill 300\x1b[201~\r"


def test_colours_do_not_hide_a_token() -> None:
    tokens = learned((f"\x1b[01;31m{OLD}\x1b[m\x1b[K", NEW))
    assert tokens.put(f"docker rm {OLD}\r")[0] == f"docker rm {NEW}\r"
