"""`python -m lab_engine.agent.verifier`: take hold of a bench, then look when asked."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

from lab_engine.agent.verifier import entering, vouching
from lab_engine.agent.verifier.attending import Attending
from lab_engine.common.paths import AGENT_SOCKET
from lab_engine.families.registry import FAMILIES
from lab_engine.kernel import proc

BENCH: Final = "INFRALAB_BENCH_PID"
FAMILIES_WANTED: Final = "INFRALAB_FAMILIES"
"""Names of those whose readers are loaded before the first look; it loads others when it needs
them. Loading is the most of what a verifier costs."""
USUAL: Final = ("files", "netlink", "process")


def main() -> int:
    session, pid = os.environ.get("INFRALAB_SESSION", ""), os.environ.get(BENCH, "")
    if not session or not pid:
        sys.stderr.write(f"INFRALAB_SESSION and {BENCH} say beside which bench a verifier is.\n")
        return 2
    held = entering.hold(int(pid))
    proc.use(held.proc)
    noted = vouching.noted()
    Path(AGENT_SOCKET).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(AGENT_SOCKET)
        server.listen()
        _load()
        # Whoever attends to a client ends by itself; nobody waits for it.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            client, _ = server.accept()
            # A process of its own for each, as one that a look has made wait serves nobody else.
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                server.close()
                Attending(client, held, session, noted).run()
            client.close()


def _load() -> None:
    wanted = {*USUAL, *os.environ.get(FAMILIES_WANTED, "").split()}
    for family in (FAMILIES[name] for name in sorted(wanted & FAMILIES.keys())):
        for module in family.readers:
            family.part(module)
    for family in FAMILIES.values():
        if family.machinery:
            family.part(family.machinery)


if __name__ == "__main__":
    sys.exit(main())
