"""A network card for a machine that runs."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    ByHand,
    DomainProbe,
    See,
    by_hand,
    require,
    require_card,
)
from labs.virt_install_and_clones.values import Values, lab

step = lab.step(
    "plug",
    daemons=("libvirt",),
    resources=lambda v: [v.lan(), VM(v.vm)],
    touches=lambda v: [f"vm/{v.vm}"],
)


@step.check("card", points=3, settle=6.0)
async def card(see: See, v: Values) -> None:
    before = await see.before(DomainProbe(v.vm))
    domain = await see(DomainProbe(v.vm))
    require(
        domain.state != "paused",
        "paused",
        expected=f"{v.vm} runs.",
        observed="It is paused.",
        look="virsh list --all",
    )
    require(
        domain.id == before.id and domain.running,
        "restarted",
        expected=f"{v.vm} runs on, as it did when the step began.",
        observed="It was stopped or started anew.",
        look=f"virsh domstate --reason {v.vm}",
    )
    macs = {card.mac for card in (*domain.interfaces, *domain.config_interfaces)}
    near = sorted(mac for mac in macs if mac[:12] == v.mac[:12])
    require(
        not near or v.mac in near,
        "mistyped",
        expected=f"{v.vm} has a card with the MAC address {v.mac}.",
        observed=f"It has one with {', '.join(near)}.",
        look=f"virsh domiflist {v.vm}",
    )
    await require_card(see, v.vm, v.network, mac=v.mac, address=v.address)


def attach(v: Values, options: str, mac: str = "") -> str:
    return (
        f"virsh attach-interface {v.vm} network {v.network} --model virtio "
        f"--mac {mac or v.mac} {options}"
    )


def patient(v: Values, command: str) -> ByHand:
    """A command, and then a look again and again until the guest has got its address."""
    look = f"virsh domifaddr {v.vm} --source agent"
    return ByHand(
        f'{command} && timeout 120 sh -c \'until {look} | grep -q " 10.{v.net}.0"; '
        "do sleep 0.5; done'",
        typed=f"{command}\n{look}",
    )


DEVICE = "<interface type='network'><mac address='{mac}'/><source network='{network}'/>\
<model type='virtio'/></interface>"

step.solution("attach-interface", lambda v: [patient(v, attach(v, "--live --config"))])
step.solution(
    "in two goes",
    lambda v: [attach(v, "--config"), patient(v, attach(v, "--live"))],
    explained={0: ["not-kept"], 1: ["not-attached"]},
)
step.solution(
    "virt-xml",
    lambda v: [
        patient(
            v,
            f"virt-xml {v.vm} --add-device --update "
            f"--network network={v.network},mac={v.mac},model=virtio",
        )
    ],
)
step.solution(
    "from a file",
    lambda v: [
        f'echo "{DEVICE.format(mac=v.mac, network=v.network)}" > card.xml',
        patient(v, f"virsh attach-device {v.vm} card.xml --persistent"),
    ],
)
step.near_miss(
    "until it is off",
    lambda v: [attach(v, "")],
    rejected_by="card",
    reason="not-kept",
    explain="The card was plugged into the machine that runs, and is not in its definition: after "
    "the next start it is gone. `--config` puts it there as well.",
)
step.near_miss(
    "from the next start on",
    lambda v: [attach(v, "--config")],
    rejected_by="card",
    reason="not-attached",
    explain="`--config` alone is for the next start. The machine that runs gets its card by "
    "`--live`.",
)
step.near_miss(
    "any card",
    lambda v: [f"virsh attach-interface {v.vm} network {v.network} --model virtio --live --config"],
    rejected_by="card",
    reason="other-mac",
    explain="Without --mac libvirt makes up an address, and for that one nothing is kept.",
)
step.near_miss(
    "paused for it",
    lambda v: [f"virsh suspend {v.vm}", attach(v, "--live --config")],
    rejected_by="card",
    reason="paused",
)
step.near_miss(
    "a wrong digit",
    lambda v: [attach(v, "--live --config", mac=v.mac[:-2] + "0f")],
    rejected_by="card",
    reason="mistyped",
)
step.near_miss(
    "restarted for it",
    lambda v: [
        attach(v, "--config"),
        f"virsh destroy {v.vm}",
        f"virsh start {v.vm}",
    ],
    rejected_by="card",
    reason="restarted",
    explain="This machine was switched off for its card. It had to stay on: whatever it did "
    "was lost.",
)
step.near_miss(
    "its address by hand",
    lambda v: [
        attach(v, "--live --config"),
        by_hand.in_guest(
            v.vm,
            f"killall udhcpc; ip addr flush dev eth0; ip addr add 10.{v.net}.0.9/24 dev eth0",
            # A DHCP client that begins later would take the address back.
            wait="for i in $(seq 90); do ip addr show dev eth0 | "
            f"grep -q 10.{v.net}.0 && break; sleep 0.5; done",
        ),
    ],
    rejected_by="card",
    reason="other-address",
)
