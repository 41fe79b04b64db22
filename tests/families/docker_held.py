"""What our containers hold on to can be taken away; what a stranger's holds on to cannot.

Runs as root in a bench.
"""

from __future__ import annotations

from lab_engine.errors import ProviderError
from tests.families.bench_state import Surroundings, sh
from tests.families.cases_docker import BUSYBOX, DATA, LAN, WEB
from tests.families.obligations import ABSENT, AS_WANTED, destroy, look, make


def main() -> None:
    surroundings = Surroundings("docker")
    start = surroundings.now()
    try:
        for held in (DATA, BUSYBOX, LAN):
            for resource in (BUSYBOX, LAN, DATA, WEB):
                make(resource)
            destroy(held)
            assert look(held) == ABSENT
        for resource in (BUSYBOX, LAN, DATA):
            make(resource)
        sh("docker run -d --name theirs -v data:/v busybox sleep 1000")
        for held in (DATA, BUSYBOX):
            refusal = None
            try:
                destroy(held)
            except ProviderError as error:
                refusal = error
                print(f"{error.message} | {error.hint}")
            assert refusal is not None, "it took what a stranger uses"
            assert look(held) == AS_WANTED
    finally:
        surroundings.restore(start)


if __name__ == "__main__":
    main()
