"""Runs in the guest: what the kit does on a machine with cgroup v2. One folder gets the results.

Each step's output goes to `<name>.log` and to the console; `summary.json` says how each one ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FACTS = (
    "tests/bench/test_cgroup_v2.py tests/bench/test_facts.py tests/bench/test_room.py -k"
    " 'cgroup_v2 or capabilities or settings_of_the_host or docker_data or docker0 or learner"
    " or inner_container or groups_by_hand or limits_of_the_bench or init_reaps or loop_device"
    " or version_2 or unmounted or calls_that or one_file or device_nodes or no_disk or who_fills'"
)
OPTIONS = "-p pytest_asyncio.plugin -p pytest_timeout -p no:cacheprovider -m bench -v --tb=line"
BESIDE = "tests/grading/batch/test_beside.py -k 'not_in_its_way or lies'"
"""The verifier: its look enters the groups and namespaces of a bench, which are made otherwise."""
WALK = "cgroups keeping-data --walk --junit $RESULTS/walk.xml"
PROVE = "keeping-data $STEP --junit $RESULTS/prove.xml"
Steps = tuple[tuple[str, int, str], ...]
HOST: Steps = (
    (
        "host",
        300,
        "stat -fc %T /sys/fs/cgroup; uname -r; systemctl --version | head -1; ps -o comm= -p 1;"
        " cat /sys/module/apparmor/parameters/enabled; free -m; mount -t cgroup,cgroup2;"
        " docker info -f '{{.CgroupVersion}} {{.CgroupDriver}} {{.ServerVersion}} {{.Driver}}'",
    ),
    ("image", 900, "python3 -m lab_engine setup"),
)
LEFT: Steps = (
    ("left", 120, "docker ps --all --format '{{.Names}}'; find /sys/fs/cgroup -name 'docker-*'"),
)
CGROUPS: Steps = (
    ("facts", 2400, f"python3 -m pytest {OPTIONS} {FACTS}"),
    ("beside", 1800, f"python3 -m pytest {OPTIONS} {BESIDE}"),
    ("walk", 3600, f"python3 -m lab_engine prove {WALK}"),
    ("prove", 5400, f"python3 -m lab_engine prove {PROVE}"),
)
RUN = "python3 -m lab_engine run -- bash -lc"
KUBERNETES: Steps = (
    ("up", 7200, "python3 -m lab_engine up kubernetes look"),
    ("nodes", 300, f"{RUN} 'kubectl get nodes --no-headers; kubectl get pods -A -o wide'"),
    (
        "groups",
        300,
        f"{RUN} 'for n in cp w1; do docker exec $n stat -fc %T /sys/fs/cgroup;"
        " docker exec $n cat /sys/fs/cgroup/kubepods/cgroup.controllers; done'",
    ),
    ("down", 600, "python3 -m lab_engine down"),
    (
        "walk",
        7200,
        "python3 -m lab_engine prove kubernetes --step look --walk --junit $RESULTS/walk.xml",
    ),
)
MEMORY = {"cgroups": "1536m", "kubernetes": "3g"}
PATIENCE = {"cgroups": "10", "kubernetes": "40"}
MACHINES = {"cgroups": CGROUPS, "kubernetes": KUBERNETES}


def main(folder: Path) -> int:
    """Run every step, whatever becomes of those before."""
    summary: dict[str, Any] = {}
    told = dict(
        word.removeprefix("infralab.").split("=", 1)
        for word in Path("/proc/cmdline").read_text().split()
        if word.startswith("infralab.")
    )
    emulated = told["accelerator"] == "tcg"
    steps = HOST + MACHINES[told["machine"]] + LEFT
    environment = {
        **os.environ,
        "RESULTS": str(folder),
        # The walk does every step; near misses and left-out lines of a whole lesson would take an
        # emulated guest an hour.
        "STEP": "--step which-one" if emulated else "",
        "INFRALAB_BENCH_MEMORY": MEMORY[told["machine"]],
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_TIMEOUT": "900",
        # Emulated, a bench needs more than a minute to come up, and a cluster ten.
        "INFRALAB_PATIENCE": PATIENCE[told["machine"]] if emulated else "1",
    }
    for name, limit, script in steps:
        print(f"== {name}", flush=True)
        start = time.monotonic()
        log = folder / f"{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["timeout", "--kill-after=30", str(limit), "sh", "-c", script],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
            )  # fmt: skip
            assert process.stdout is not None
            for line in process.stdout:
                file.write(line)
                sys.stdout.write(f"{time.monotonic() - start:6.1f} {line.decode(errors='replace')}")
                sys.stdout.flush()
            code = process.wait()
        summary[name] = {"code": code, "seconds": round(time.monotonic() - start, 1)}
        print(f"== {name}: {summary[name]}", flush=True)
        (folder / "summary.json").write_text(json.dumps(summary), encoding="ascii")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
