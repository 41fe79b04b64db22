#!/usr/bin/python3
"""The pod network of a node: its CNI configuration, routes to other nodes' pods, NetworkPolicy.

Runs as a DaemonSet in the host's network, as kindnet and kube-router do; /usr is the node's. One
watch each of nodes, pods, namespaces and policies; after a change, what differs is written.
"""

from __future__ import annotations

import ipaddress
import json
import os
import queue
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Object = dict[str, Any]

NODE = os.environ["NODE"]
API = os.environ.get("API", "https://172.30.0.10:6443")
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
CONFIGURATION = Path("/etc/cni/net.d/10-lab.conflist")
KINDS = {
    "nodes": "/api/v1/nodes",
    "pods": "/api/v1/pods",
    "namespaces": "/api/v1/namespaces",
    "policies": "/apis/networking.k8s.io/v1/networkpolicies",
}
WATCH_LASTS = 300
"""Seconds after which the API server ends a watch by itself."""
GATHER = 0.05
"""Seconds in which further changes are taken together with the first."""


class Cluster:
    """The objects of each kind as the API server last told them."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Object]] = {kind: {} for kind in KINDS}
        self.listed: set[str] = set()
        self.changed: queue.Queue[str] = queue.Queue()
        self._trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))

    def follow(self) -> None:
        for kind, path in KINDS.items():
            threading.Thread(target=self._watch, args=(kind, path), daemon=True).start()

    def _request(self, path: str) -> Any:
        # Read each time: the kubelet renews the token before it ends.
        token = (ACCOUNT / "token").read_text()
        request = urllib.request.Request(API + path, headers={"Authorization": f"Bearer {token}"})
        return urllib.request.urlopen(request, context=self._trust, timeout=WATCH_LASTS + 100)

    def _watch(self, kind: str, path: str) -> None:
        while True:
            try:
                with self._request(path) as reply:
                    listing = json.load(reply)
                self.objects[kind] = {one["metadata"]["uid"]: one for one in listing["items"]}
                self.listed.add(kind)
                self.changed.put(kind)
                version = listing["metadata"]["resourceVersion"]
                options = f"?watch=1&timeoutSeconds={WATCH_LASTS}&resourceVersion={version}"
                with self._request(path + options) as stream:
                    self._take(kind, stream)
            except (OSError, ValueError, KeyError) as error:
                # The API server may be away for a while; then everything is listed anew.
                print(kind, error, flush=True)
                time.sleep(1)

    def _take(self, kind: str, stream: Iterable[bytes]) -> None:
        for line in stream:
            event = json.loads(line)
            if event["type"] == "ERROR":
                return
            identity = event["object"]["metadata"]["uid"]
            if event["type"] == "DELETED":
                self.objects[kind].pop(identity, None)
            else:
                self.objects[kind][identity] = event["object"]
            self.changed.put(kind)


def configure_network(nodes: Iterable[Object]) -> None:
    """This node's CNI configuration from its pod range, and a route to each other node's."""
    for node in nodes:
        pods = node["spec"].get("podCIDR")
        if not pods:
            continue
        if node["metadata"]["name"] == NODE:
            _write_configuration(pods)
        elif address := _address(node):
            shown = subprocess.run(
                ["ip", "route", "show", pods], capture_output=True, text=True, check=False
            ).stdout
            if address not in shown.split():
                subprocess.run(["ip", "route", "replace", pods, "via", address], check=False)
                print("route", pods, "via", address, flush=True)


def _address(node: Object) -> str:
    found = node["status"].get("addresses") or ()
    return next((one["address"] for one in found if one["type"] == "InternalIP"), "")


def _write_configuration(pods: str) -> None:
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isDefaultGateway": True,
        "hairpinMode": True,
        "ipMasq": False,
        "mtu": 1500,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": pods}]]},
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    wanted = {"cniVersion": "1.0.0", "name": "lab", "plugins": [bridge, ports]}
    text = json.dumps(wanted, indent=1)
    if not CONFIGURATION.exists() or CONFIGURATION.read_text() != text:
        # Renamed into place: containerd reads the folder at any moment.
        fresh = CONFIGURATION.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(CONFIGURATION)
        print("configured", pods, flush=True)


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector takes these labels (API reference, LabelSelector)."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(one, labels) for one in selector.get("matchExpressions") or ())


def _expression(wanted: Object, labels: dict[str, str]) -> bool:
    key, values = wanted["key"], wanted.get("values") or ()
    has = key in labels
    answers = {
        "In": has and labels.get(key) in values,
        "NotIn": not has or labels[key] not in values,
        "Exists": has,
        "DoesNotExist": not has,
    }
    return answers[wanted["operator"]]


class Policies:
    """NetworkPolicy as rules of nftables.

    A pod that some policy selects is isolated that way (ingress, egress): its packets jump to a
    chain in which what a policy lets through returns, and the rest is dropped.
    """

    def __init__(self, objects: dict[str, dict[str, Object]]) -> None:
        self._policies = sorted(
            objects["policies"].values(), key=lambda one: one["metadata"]["uid"]
        )
        self._spaces = {
            one["metadata"]["name"]: one["metadata"].get("labels") or {}
            for one in objects["namespaces"].values()
        }
        self._pods = [
            pod
            for pod in objects["pods"].values()
            if pod["status"].get("podIP")
            and not pod["spec"].get("hostNetwork")
            and pod["status"]["phase"] not in ("Succeeded", "Failed")
        ]

    def text(self) -> str:
        """A whole table, to be put in the place of the old one in one step (`nft -f`)."""
        isolated: dict[str, set[str]] = {"ingress": set(), "egress": set()}
        rules: dict[str, list[str]] = {"ingress": [], "egress": []}
        for policy in self._policies:
            for way, own, allowed in self._of(policy):
                isolated[way] |= own
                rules[way] += allowed
        lines = ["table inet netpol", "delete table inet netpol", "table inet netpol {"]
        for way, allowed in rules.items():
            lines += [f" chain {way} {{", *allowed, "  counter drop", " }"]
        # After kube-proxy has put the pod's address in the place of the service's.
        lines += [" chain forward {", "  type filter hook forward priority 10; policy accept;"]
        lines += ["  ct state established,related accept"]
        for way, side in (("egress", "saddr"), ("ingress", "daddr")):
            if isolated[way]:
                lines.append(f"  ip {side} {_set(isolated[way])} jump {way}")
        return "\n".join([*lines, " }", "}"]) + "\n"

    def _of(self, policy: Object) -> Iterator[tuple[str, set[str], list[str]]]:
        namespace, spec = policy["metadata"]["namespace"], policy["spec"]
        own = self._addresses(namespace, {"podSelector": spec.get("podSelector") or {}})
        kinds = spec.get("policyTypes") or ["Ingress"]
        for way, key, side in (("ingress", "from", "daddr"), ("egress", "to", "saddr")):
            if way.capitalize() in kinds:
                rules = spec.get(way) or () if own else ()
                allowed = [
                    line for rule in rules for line in self._rule(rule, namespace, key, side, own)
                ]
                yield way, own, allowed

    def _rule(
        self, rule: Object, namespace: str, key: str, side: str, own: set[str]
    ) -> Iterator[str]:
        this = f"ip {side} {_set(own)} "
        other = "saddr" if side == "daddr" else "daddr"
        places: list[tuple[str, set[str]]] = [] if rule.get(key) else [("", set())]
        for peer in rule.get(key) or ():
            found = _block(peer["ipBlock"]) if peer.get("ipBlock") else None
            found = self._addresses(namespace, peer) if found is None else found
            if found:
                places.append((f"ip {other} {_set(found)} ", found))
        for place, found in places:
            # A port's name is one of the pods that are reached.
            for port in self._ports(rule, own if key == "from" else found):
                yield f"  {this}{place}{port}return"

    def _addresses(self, namespace: str, peer: Object) -> set[str]:
        spaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
        found = set()
        for pod in self._pods:
            about = pod["metadata"]
            there = about["namespace"]
            near = there == namespace
            if spaces is not None:
                near = selects(spaces, self._spaces.get(there, {}))
            if near and (pods is None or selects(pods, about.get("labels") or {})):
                found.add(pod["status"]["podIP"])
        return found

    def _ports(self, rule: Object, reached: set[str]) -> Iterator[str]:
        if not rule.get("ports"):
            yield ""
        for port in rule.get("ports") or ():
            protocol, number = port.get("protocol", "TCP").lower(), port.get("port")
            if number is None:
                yield f"meta l4proto {protocol} "
                continue
            end = f"-{port['endPort']}" if port.get("endPort") else ""
            numbers = {number} if isinstance(number, int) else self._named(number, reached)
            for one in sorted(numbers):
                yield f"{protocol} dport {one}{end} "

    def _named(self, name: str, reached: set[str]) -> set[int]:
        return {
            port["containerPort"]
            for pod in self._pods
            if pod["status"]["podIP"] in reached
            for container in pod["spec"]["containers"]
            for port in container.get("ports") or ()
            if port.get("name") == name
        }


def _set(addresses: Iterable[str]) -> str:
    return "{ " + ", ".join(sorted(addresses)) + " }"


def _block(block: Object) -> set[str]:
    """An ipBlock's networks without its exceptions."""
    nets = [ipaddress.ip_network(block["cidr"])]
    for gap in map(ipaddress.ip_network, block.get("except") or ()):
        nets = [
            part
            for net in nets
            for part in (net.address_exclude(gap) if gap.subnet_of(net) else [net])
        ]
    return {str(net) for net in nets}


def main() -> None:
    cluster = Cluster()
    cluster.follow()
    applied = ""
    while True:
        seen = {cluster.changed.get()}
        time.sleep(GATHER)
        while not cluster.changed.empty():
            seen.add(cluster.changed.get())
        if "nodes" in seen:
            configure_network(list(cluster.objects["nodes"].values()))
        # Not before all kinds are known: half of them would cut what is allowed.
        if cluster.listed >= KINDS.keys() and seen - {"nodes"}:
            text = Policies(cluster.objects).text()
            if text != applied:
                done = subprocess.run(
                    ["nft", "-f", "-"], input=text, text=True, capture_output=True, check=False
                )
                print(done.stderr or "policies written", flush=True)
                applied = "" if done.returncode else text


if __name__ == "__main__":
    main()
