"""An engine that does not answer is named (runs in a bench)."""

from __future__ import annotations

from lab_engine.errors import DaemonDown
from lab_engine.families.docker.agent import engine
from lab_engine.families.docker.agent.inventory import entries


def main() -> None:
    vars(engine)["SOCKET"] = "/run/nobody.sock"
    try:
        entries()
    except DaemonDown as error:
        print(error.daemon, error.message, sep=": ")


if __name__ == "__main__":
    main()
