"""`python -m lab_engine.agent`: run the agent until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

from lab_engine.agent.server import AgentServer
from lab_engine.kernel import untouched

LOG = Path("/var/log/infralab/agent.log")


def main() -> int:
    LOG.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=LOG, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    session = os.environ.get("INFRALAB_SESSION", "")
    if not session:
        sys.stderr.write("INFRALAB_SESSION is not set: the agent runs only in a bench.\n")
        return 2
    idle = float(os.environ.get("INFRALAB_IDLE_SECONDS", "0"))
    disk = int(os.environ.get("INFRALAB_DISK", "0"))
    server = AgentServer(session, idle_seconds=idle, disk=disk, made=untouched.made_at())
    return asyncio.run(server.run())


if __name__ == "__main__":
    sys.exit(main())
