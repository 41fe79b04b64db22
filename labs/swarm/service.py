"""A service on several machines, whose tasks find each other by name."""

from __future__ import annotations

from lab_engine.authoring import ByHand, See, SwarmServiceProbe, require, require_spread
from labs.swarm.asked import on
from labs.swarm.made import create, serve, street
from labs.swarm.served import require_served
from labs.swarm.values import IMAGE, Values, lab

step = lab.step("service", daemons=("docker",), resources=lambda v: v.rack(joined=True))


@step.check("spread", points=3, settle=15.0)
async def spread(see: See, v: Values) -> None:
    networks = (await see(SwarmServiceProbe(v.first, v.shop))).networks
    require(
        not networks or v.street in networks,
        "wrong-network",
        expected=f"The service {v.shop} is on the network {v.street}.",
        observed=f"It is on {', '.join(networks)}.",
        look=on(v.first, f"service inspect --pretty {v.shop}"),
    )
    found = await require_spread(
        see,
        v.first,
        v.shop,
        v.count,
        image=IMAGE,
        among=v.machines,
        least=2,
        network=v.street,
    )
    await require_served(see, v, found, v.sign)


step.solution("as shown", lambda v: [street(v), create(v)])
step.solution(
    "one at first, then more",
    lambda v: [
        street(v),
        create(v, count=1),
        ByHand(
            on(v.first, f"service scale -d {v.shop}={v.count}"),
            typed=on(v.first, f"service scale {v.shop}={v.count}"),
        ),
    ],
)
step.near_miss(
    "containers by hand",
    lambda v: [
        street(v),
        *(
            on(machine, f"run -d --name {v.shop} --network {v.street} {IMAGE} {serve(v.sign)}")
            for machine in v.machines
        ),
    ],
    rejected_by="spread",
    reason="no-service",
)
step.near_miss(
    "one too few",
    lambda v: [street(v), create(v, count=v.count - 1)],
    rejected_by="spread",
    reason="other-number",
)
step.near_miss(
    "all on one machine",
    lambda v: [street(v), create(v, options=f"--constraint node.hostname=={v.second} ")],
    rejected_by="spread",
    reason="not-spread",
)
step.near_miss(
    "without the network",
    lambda v: [street(v), create(v).replace(f"--network {v.street} ", "")],
    rejected_by="spread",
    reason="other-network",
    explain="Without `--network` each task is on a network of its own machine only, and the name "
    "of the service is known to nobody.",
)
step.near_miss(
    "at another port",
    lambda v: [street(v), create(v, port=8080)],
    rejected_by="spread",
    reason="silent",
)
step.near_miss(
    "another sign",
    lambda v: [street(v), create(v, sign="closed")],
    rejected_by="spread",
    reason="other-page",
)
step.near_miss(
    "on a network of another name",
    lambda v: [
        on(v.first, "network create -d overlay wharf"),
        create(v).replace(f"--network {v.street} ", "--network wharf "),
    ],
    rejected_by="spread",
    reason="wrong-network",
)
step.near_miss(
    "one address for all",
    lambda v: [street(v), create(v).replace("--endpoint-mode dnsrr ", "")],
    rejected_by="spread",
    reason="one-address",
    explain="Without `--endpoint-mode dnsrr` the name leads to an address of the service's own, "
    "behind which IPVS shares out. `docker service update --endpoint-mode dnsrr` changes that.",
)
step.near_miss(
    "served by hand in each container",
    lambda v: [
        street(v),
        create(v).replace(serve(v.sign), "sleep 1d"),
        *(
            f"for c in $({on(machine, 'ps -q')}); do {on(machine, 'exec $c')} "
            f"sh -c 'echo {v.sign} > /tmp/index.html; httpd -p 80 -h /tmp'; done"
            for machine in v.machines
        ),
    ],
    rejected_by="spread",
    reason="only-sleeps",
    explain="What `docker exec` does in a container goes with it. A task that is made anew does "
    "what the service says, and nothing else: the server belongs into its command.",
)
step.near_miss(
    "one task says something else",
    lambda v: [
        street(v),
        create(v, options="--env TASK={{.Task.Slot}} ").replace(
            f"echo {v.sign} >",
            f"if [ $TASK = 1 ]; then echo closed; else echo {v.sign}; fi >",
        ),
    ],
    rejected_by="spread",
    reason="other-page",
)
