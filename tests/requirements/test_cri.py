"""Statements about pods by the CRI, and a bundle under crun: right ways and wrong ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from lab_engine import protocol as p
from lab_engine.authoring import CriProbe, See, require_cri_pod, require_runtime_container
from lab_engine.bench.container import Bench
from lab_engine.families.cri.picture import read as draw
from lab_engine.families.cri.probes import CriReading
from lab_engine.families.drawing import Parts, Questions
from lab_engine.packs import image
from tests.requirements.conftest import Stage, connected
from tests.requirements.test_runtimes import BUNDLE, QUIET

pytestmark = [pytest.mark.bench]

POD = """
pod() { echo '{"metadata": {"name": "'$1'", "namespace": "default", "uid": "'$2'"},
  "linux": {"security_context": {"namespace_options": {"network": 2}}}}' > $1.json
  P=$(sudo crictl runp $1.json 2>/dev/null); }
box() { jq -n --arg n $1 '{metadata: {name: $n}, image: {image: "busybox"}, linux: {},
  command: $ARGS.positional}' --args -- "${@:3}" > $1.json
  C=$(sudo crictl create $P $1.json $2.json); }
go() { box "$@"; sudo crictl start $C >/dev/null; }
"""
WEB = ["httpd", "-f", "-p", "8344", "-h", "/etc"]
SIDE = ["sleep", "44011"]
BOTH = f"pod shop 1; go web shop {' '.join(WEB)}; go side shop {' '.join(SIDE)}"
CLEAR = """cd /opt/infralab/lib && /opt/infralab/venv/bin/python - <<'END'
from lab_engine.families.cri.agent import inventory as pods
from lab_engine.families.runtimes.agent import inventory as runtimes
for its in (pods, runtimes):
    for key in its.entries():
        its.remove(key)
    left = its.entries()
    assert not left, left
END"""


@pytest.fixture(scope="module")
def host(make_bench: Callable[..., Bench]) -> Bench:
    if image.missing(["cri"]) is not None:
        pytest.skip("the pack cri is not built")
    return make_bench("cri", tag=image.ensure(["cri"], print))


@pytest.fixture
async def floor(host: Bench) -> AsyncIterator[Stage]:
    async with connected(host) as link:
        stage = Stage(host, link)
        await link.request(p.StartDaemons, dict[str, bool], daemons=("docker", "cri"))
        await stage.type("mkdir -p ~/work; cp -n /usr/lib/infralab/images/busybox.tar ~")
        yield stage
        await stage.type(CLEAR, user="root")
        await stage.type("docker ps -aq | xargs -r docker rm -f >/dev/null; rm -rf ~/work/*")


async def shop(see: See) -> None:
    await require_cri_pod(see, "shop", {"web": WEB, "side": SIDE})


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (BOTH, "pass"),
        # An earlier pod that has ended is no second one.
        (f"pod shop 0; sudo crictl stopp $P; {BOTH}", "pass"),
        (f"pod shop 1; go web shop false; sleep 0.5; sudo crictl rm $C; {BOTH.partition('; ')[2]}",
         "pass"),
        ("true", "no-pod"),
        (BOTH.replace("shop", "shops"), "no-pod"),
        ("pod shop 1", "no-such-container"),
        (f"{BOTH}; sudo crictl stopp $P", "not-ready"),
        (f"pod shop 0; {BOTH}", "several-pods"),
        (f"pod shop 1; go web shop {' '.join(WEB)}", "no-such-container"),
        (f"pod shop 1; go web shop {' '.join(WEB)}; box side shop {' '.join(SIDE)}",
         "not-running"),
        (f"pod shop 1; go web shop {' '.join(WEB)}; pod more 1; "
         f"go side more {' '.join(SIDE)}", "other-pod"),
        (f"pod shop 1; go web shop {' '.join(WEB)}; go side shop sleep 44012", "other-program"),
        (f"docker load -qi ~/busybox.tar; docker run -d --name web busybox {' '.join(WEB)}; "
         f"docker run -d --name side --network container:web busybox {' '.join(SIDE)}", "no-pod"),
    ],
)  # fmt: skip
async def test_a_pod_and_its_containers(floor: Stage, script: str, reason: str) -> None:
    await floor.type(f"{POD}{script}")
    assert await floor.reason(shop, settled=reason) == reason


async def test_it_is_drawn_with_what_hangs_on_it(floor: Stage) -> None:
    await floor.type(f"{POD}{BOTH}")
    (answer,) = await floor.ask([CriProbe()])
    (pod,) = msgspec.json.decode(answer.reading, type=CriReading).pods
    assert {one.name: one.state for one in pod.containers} == {"web": "running", "side": "running"}
    parts = Parts()
    await draw(Questions(floor.ask), parts)
    assert sorted(node.name for node in parts.nodes.values()) == ["shop", "side", "web"]
    assert {edge.to for edge in parts.edges} == {f"cri-pod/{pod.id}"}
    assert len(parts.edges) == 2


async def lamp(see: See) -> None:
    await require_runtime_container(
        see, "lamp", runtime="crun", argv=["sleep", "44001"], hostname="lamp", memory=24 << 20
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{BUNDLE}sudo crun run -d lamp {QUIET}", "pass"),
        (f"{BUNDLE}sudo crun create lamp {QUIET}; sudo crun start lamp", "pass"),
        (f"{BUNDLE}sudo crun create lamp {QUIET}", "other-status"),
        (f"{BUNDLE}sudo crun run -d lamp {QUIET}; sudo crun pause lamp", "other-status"),
        (f"{BUNDLE}sudo crun run -d lamp {QUIET}; sudo crun kill lamp KILL; sleep 0.3",
         "other-status"),
        (f"{BUNDLE}sudo runc run -d lamp {QUIET}", "no-container"),
        (f"{BUNDLE}set_ '.hostname = \"x\"'\nsudo crun run -d lamp {QUIET}", "other-hostname"),
    ],
)  # fmt: skip
async def test_a_container_of_crun(floor: Stage, script: str, reason: str) -> None:
    await floor.type(f"docker load -qi ~/busybox.tar >/dev/null\n{script}")
    assert await floor.reason(lamp, settled=reason) == reason
