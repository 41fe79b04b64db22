"""The verifier of a bench: a container beside it, of the same image, that looks into it at grading.

It is in the engine's own pid namespace and in none of the bench's: nothing in the bench reaches or
sees it. What runs in it is `lab_engine/agent/verifier/`. It belongs to the bench's session, so it
is removed with the bench, and known to `gc` and `uninstall`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from lab_engine.bench import engine, loops, owner, walls
from lab_engine.bench.container import Argv, Bench, labels_for
from lab_engine.common import patience
from lab_engine.common.paths import AGENT_SOCKET, LIB, PYTHON
from lab_engine.errors import BenchError

KIND: Final = "verifier"
TRIES: Final = "retry=400,interval=0.05"
"""Of socat: a verifier that was started just now loads for a second before it listens."""
_FROM_BENCH: Final = ("INFRALAB_SESSION", "INFRALAB_CREATED", "INFRALAB_LOOPS", patience.VARIABLE)


class Verifier:
    """A verifier that exists. Get one from `beside`."""

    def __init__(self, session: str, container: str) -> None:
        self.id = container
        # For the way into it, which is that into a bench.
        self._container = Bench(session, container)

    @classmethod
    def beside(cls, bench: Bench, families: Collection[str]) -> Verifier:
        """Start one for a bench that runs, before anything is done there.

        Of `families` it will be asked most.

        Raises BenchError when the bench does not run or the engine cannot do it.
        """
        client: Any = engine.connect()
        found = bench.inspect()
        pid = int(found["State"]["Pid"])
        if not pid:
            raise BenchError(f"the bench {bench.name} does not run")
        labels = found["Config"]["Labels"]
        limits = found["HostConfig"]
        given = dict(pair.partition("=")[::2] for pair in found["Config"]["Env"])
        # Limits and devices as the bench's: readers do there what they would do in the bench.
        config = walls.host_config(
            client,
            int(limits["Memory"]),
            int(limits["NanoCpus"] or 0) / 1e9,
            {},
            "none",
            labels[loops.LABEL],
            int(given["INFRALAB_DISK"]),
        )
        # The bench's namespaces are below the engine's, so they can be entered from there.
        config["PidMode"] = "host"
        config["Init"] = False
        kept = {key: value for key, value in labels.items() if key.startswith("infralab.")}
        lives = {name: labels.get(name, "") for name in (owner.PROCESS, owner.WAITING)}
        kept |= labels_for(bench.session, KIND, **lives)
        # Who counts the blocks of loop devices that are taken finds the bench.
        del kept[loops.LABEL]
        with engine.explain(f"starting the verifier of the bench {bench.name}"):
            made = client.api.create_container(
                # By its id: a tag may have gone to another image meanwhile.
                found["Image"],
                entrypoint=[PYTHON, "-P", "-m", "lab_engine.agent.verifier"],
                hostname="verifier",
                labels=kept,
                environment={
                    **{name: given[name] for name in _FROM_BENCH if name in given},
                    "INFRALAB_BENCH_PID": str(pid),
                    "INFRALAB_FAMILIES": " ".join(sorted(families)),
                    "PYTHONPATH": LIB,
                },
                host_config=config,
                name=f"{bench.name}-verifier",
            )
            client.api.start(made["Id"])
        return cls(bench.session, str(made["Id"]))

    def relay_argv(self) -> Argv:
        """The command line of the relay to it."""
        return self._container.exec_argv(
            ["socat", "-t", "1", "-", f"UNIX-CONNECT:{AGENT_SOCKET},{TRIES}"],
            user="root",
            interactive=True,
            workdir="/",
        )

    def log(self) -> str:
        """The last lines that it wrote; for the person who reads why a look failed."""
        return self._container.logs(20).strip()
