"""The verifier beside a bench: not deceived by what is done in there, and it says what it finds.

Everything is done to one bench, and undone; `test_attacks.py` has the same in whole submissions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest

from lab_engine import protocol as p
from lab_engine.common.paths import AGENT_SOCKET
from lab_engine.common.patience import patient
from lab_engine.course.lesson import load_course
from lab_engine.course.verdict import Verdict
from lab_engine.errors import InfralabError
from lab_engine.recording.typist import NotReplayable
from lab_engine.recording.witness import Witness
from lab_engine.session.record import Record
from lab_engine.session.session import Session
from lab_engine.settings import Settings

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

SITE: Final = "/opt/infralab/lib/lab_engine"
FORGED: Final = f"{SITE}/families/netlink/agent/readers/namespaces.py"
LIE: Final = (
    r"s/^    if uts not in hostnames:$/    if process.argv[:1] == (\"sleep\",):\n"
    r"        uts = namespaces[\"uts\"] = 7; hostnames[7] = \"NAME\"\n"
    r"    elif uts not in hostnames:/"
)
"""For sed: an agent to whom each `sleep` has a host name of its own, and the right one."""
LISTENS: Final = (
    "import socket,time; s=socket.socket(1); s.bind('{}'); s.listen(9); time.sleep(600)"
)
FALSE: Final = "set -e; cp /usr/bin/false /tmp/false; "
WITHOUT_FAULT: Final = ""
AGENT: Final = "pgrep -f 'python -m lab_engine[.]agent'"

LOOP: Final = """
cat > /tmp/loop <<'END'
outside() { ps -e -o ppid= | grep -cx ' *0'; }
sleep 2
usual=$(outside)
while :; do
    if [ "$(outside)" -gt "$usual" ]; then
        pgrep -xf 'sleep SECONDS' > /dev/null ||
            unshare --uts sh -c 'hostname NAME; exec sleep SECONDS' &
    else
        pkill -xf 'sleep SECONDS'
    fi
    sleep 0.02
done
END
setsid bash /tmp/loop > /dev/null 2>&1 < /dev/null &
"""
"""Makes the state as soon as a process comes from outside of the bench: then somebody looks."""

IN_THE_WAY: Final = [
    # What is done, what undoes it, what is said of it.
    ("programs replaced",
     FALSE + "cp -a /usr/bin /tmp/bin; for one in ip nsenter; do cp /tmp/false /usr/bin/$one; done;"
     " for one in docker virsh sudo; do cp --remove-destination /tmp/false /usr/bin/$one; done",
     "cp -a --remove-destination /tmp/bin/. /usr/bin/; rm -r /tmp/bin", WITHOUT_FAULT),
    ("another python3", FALSE + "mount --bind /tmp/false $(readlink -f /usr/bin/python3)",
     "umount $(readlink -f /usr/bin/python3)", "/usr/bin/python3"),
    ("another folder of programs", "mkdir -p /tmp/none; mount --bind /tmp/none /usr/sbin",
     "umount /usr/sbin", "/usr/sbin is covered by a mount"),
    ("a preload for all", "echo /tmp/none.so > /etc/ld.so.preload",
     "rm /etc/ld.so.preload", WITHOUT_FAULT),
    ("another cache of libraries", "mv /etc/ld.so.cache /tmp/; echo > /etc/ld.so.cache",
     "mv /tmp/ld.so.cache /etc/", WITHOUT_FAULT),
    ("the agent's files patched",
     f"sed -i.was 's/^def inhabitants/def no_inhabitants/' {FORGED}",
     f"mv {FORGED}.was {FORGED}", WITHOUT_FAULT),
    ("packages of Python",
     "cd /usr/local/lib/python3*/; mkdir -p dist-packages; echo 'raise SystemExit' > "
     "dist-packages/sitecustomize.py; cp dist-packages/sitecustomize.py dist-packages/msgspec.py",
     "rm -r /usr/local/lib/python3*/dist-packages/*", WITHOUT_FAULT),
    ("a mount over a process", "pgrep -xf 'sleep {uts_seconds}' > /tmp/pid; "
     "mount --bind /proc/self /proc/$(cat /tmp/pid)",
     "umount /proc/$(cat /tmp/pid)", "/proc/"),
]  # fmt: skip
"""None of it is in the verifier's way: it sees that the task is done."""


@asynccontextmanager
async def solved(
    slug: str, step: str, record: Record, settings: Settings
) -> AsyncIterator[tuple[Session, Witness]]:
    """A session whose step was solved, and its witness."""
    session = await Session.begin(
        load_course().lesson(slug), record, settings, seed="beside", mode="replay"
    )
    witness = Witness(session)
    try:
        witness.begin()
        await session.enter(step, agreed=True)
        await session.solving.solve()
        yield session, witness
    finally:
        await witness.end()
        await session.down()


async def root(session: Session, command: str) -> None:
    """As a learner with sudo does it."""
    command = command.replace("{uts_seconds}", session.variables.as_text().get("uts_seconds", ""))
    done = await asyncio.to_thread(session.bench.run, ["sh", "-c", command])
    assert done.exit_code == 0, (command, done.stderr.decode())


async def seen(witness: Witness, *, task: str) -> dict[str, Verdict]:
    """What the verifier sees of a task that the agent saw pass."""
    return await witness.verdicts({task: True}, ())


async def vouched(witness: Witness) -> p.Vouched:
    async with witness._look(still=False) as connection:
        return await connection.request(p.Vouch, p.Vouched)


async def test_what_a_learner_changes_is_not_in_its_way(
    image_tag: str, record: Record, settings: Settings
) -> None:
    wrong = []
    async with solved("namespaces", "uts", record, settings) as (session, witness):
        assert (await seen(witness, task="own-name"))["own-name"].passed
        assert (witness.faults, witness.notes) == ([], [])
        for name, command, undo, said in IN_THE_WAY:
            await root(session, command)
            found = (await seen(witness, task="own-name"))["own-name"]
            if not found.passed:
                wrong.append(f"{name}: {found}")
            told = "; ".join(witness.faults)
            if bool(said) != bool(told) or said not in told:
                wrong.append(f"{name}: {told!r} is said of it")
            witness.faults.clear()
            await root(session, undo)
        with pytest.raises(InfralabError, match=r"could not look: .*ended from outside"):
            async with witness._look(still=False):
                await root(session, "kill -9 $(pgrep -f 'lab_engine[.]agent[.]verifier')")
    assert wrong == []


async def test_an_agent_that_lies(image_tag: str, record: Record, settings: Settings) -> None:
    async with solved("namespaces", "uts", record, settings) as (session, witness):
        # Its own files, then the process: it comes back with them.
        name, seconds = (session.variables.as_text()[key] for key in ("hostname", "uts_seconds"))
        await root(session, f"sed -i '{LIE.replace('NAME', name)}' {FORGED}")
        await root(
            session, f"pkill -xf 'sleep {seconds}'; setsid sleep {seconds} > /dev/null 2>&1 &"
        )
        before = (await vouched(witness)).agent
        await root(session, f"kill -9 $({AGENT})")
        for _ in range(100):
            said = (await vouched(witness)).agent
            if "does not answer" not in said and said:
                break
            await asyncio.sleep(0.2)
        assert before == ""
        assert "not the one that was there" in said
        await session.reconnect()
        verdicts, _ = await session.check()
        assert verdicts[0].passed
        with pytest.raises(NotReplayable, match="do not see the same: task own-name was pass"):
            await seen(witness, task="own-name")

        await root(session, f"kill -STOP $({AGENT})")
        assert "which is stopped" in (await vouched(witness)).agent
        # Whoever keeps the agent alive must not do so now.
        await root(
            session,
            f"kill -STOP $(pgrep -f '^/bin/sh /usr/lib/infralab/[e]ntrypoint'); "
            f"kill -9 $({AGENT}); rm {AGENT_SOCKET}; "
            f'setsid python3 -c "{LISTENS.format(AGENT_SOCKET)}" > /dev/null 2>&1 < /dev/null & '
            f"until [ -e {AGENT_SOCKET} ]; do sleep 0.1; done",
        )
        assert "entrypoint did not start" in (await vouched(witness)).agent


@pytest.mark.slow
async def test_a_state_that_is_there_only_while_somebody_looks(
    image_tag: str, record: Record, settings: Settings
) -> None:
    async with solved("namespaces", "uts", record, settings) as (session, witness):
        assert (await seen(witness, task="own-name"))["own-name"].passed
        name, seconds = (session.variables.as_text()[key] for key in ("hostname", "uts_seconds"))
        await root(session, f"pkill -xf 'sleep {seconds}'")
        await root(session, LOOP.replace("NAME", name).replace("SECONDS", seconds))
        # Until it has counted who comes from outside while nobody does.
        await asyncio.sleep(patient(4.0))
        with pytest.raises(NotReplayable, match=r"stand still \(bash /tmp/loop"):
            await seen(witness, task="own-name")
        # It goes on afterwards.
        await root(session, "grep -q 'State:.[SR]' /proc/$(pgrep -of '^bash /tmp/loop')/status")


@pytest.mark.slow
async def test_who_answers_in_a_daemons_place(
    image_tag: str, record: Record, settings: Settings
) -> None:
    """The image's own program with a library of somebody else's, and another program."""
    said = []
    async with solved("docker-engine", "http", record, settings) as (session, witness):
        assert (await vouched(witness)).faults == ()
        stop = "pkill -x dockerd; while pgrep -x dockerd > /dev/null; do sleep 0.1; done; "
        start = "/usr/lib/infralab/bin/start-docker"
        library = "$(ldconfig -p | grep -o '/.*/libm.so.6' | head -1)"
        await root(session, f"cp {library} /tmp/x.so; {stop} LD_PRELOAD=/tmp/x.so {start}")
        said.append((await vouched(witness)).faults)
        await root(
            session,
            f"{stop} cp /usr/sbin/dockerd /tmp/dockerd; echo x >> /tmp/dockerd; "
            f"mount --bind /tmp/dockerd /usr/sbin/dockerd; {start}",
        )
        said.append((await vouched(witness)).faults)
        await root(
            session,
            f"{stop} umount /usr/sbin/dockerd; rm -f /run/docker.sock; "
            f'setsid python3 -c "{LISTENS.format("/run/docker.sock")}" > /dev/null 2>&1 '
            "< /dev/null & until [ -e /run/docker.sock ]; do sleep 0.1; done",
        )
        said.append((await vouched(witness)).faults)
    preload, bound, server = said
    assert "started with LD_PRELOAD=/tmp/x.so" in " ".join(preload)
    assert "changed in the bench" in " ".join(bound)
    assert "/usr/sbin/dockerd is covered by a mount" in " ".join(bound)
    assert "/run/docker.sock is answered by process" in " ".join(server)
    assert "python3" in " ".join(server)
