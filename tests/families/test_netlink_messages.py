"""Messages of our own encoding are what pyroute2 makes of the same words, and it reads the same."""

from __future__ import annotations

from typing import Any

import pytest
from pyroute2.netlink import NLM_F_ACK, NLM_F_REQUEST
from pyroute2.netlink.rtnl import RTM_DELADDR, RTM_DELROUTE, RTM_NEWADDR, RTM_NEWROUTE

from lab_engine.families.netlink.agent import interfaces, quick, requests
from lab_engine.families.netlink.agent.quick import Reply, Request

MARK = "infralab:s:link/web"
PEER = (*interfaces.named("eth0", MARK), ("IFLA_MTU", 1400), ("IFLA_NET_NS_FD", 7))
ROUTE = {"protocol": 173, "scope": 0, "table": 254}

EVERY = {
    "all links": requests.all_links(),
    "one link": requests.one_link("eth0"),
    "veth": interfaces.request(
        "p0", "veth", (("VETH_INFO_PEER", PEER),), MARK, ("IFLA_ADDRESS", "02:00:00:00:00:07")
    ),
    "bridge": interfaces.request("br0", "bridge", (("IFLA_BR_STP_STATE", 0),), MARK),
    "change": requests.change_link(5, ("IFLA_GROUP", 0xFFFFFFFF), ("IFLA_MASTER", 3)),
    "switch on": requests.switch_on(1, ("IFLA_IFALIAS", MARK)),
    "remove link": requests.remove_link(9),
    "remove group": requests.remove_group(0x80000001),
    "note": requests.note(4, "infralab:s:address~web=10.0.0.2~24"),
    "take note": requests.take_note(4, "x"),
    "addresses": requests.addresses(3),
    "give an address": requests.address(RTM_NEWADDR, 4, "10.0.0.2/24"),
    "give one of two": requests.address(RTM_NEWADDR, 4, "10.0.0.2/31"),
    "take an address": requests.address(RTM_DELADDR, 4, "fd00::2/64"),
    "routes": requests.routes(2),
    "make a route": requests.route(RTM_NEWROUTE, "10.0.0.0/8", "10.1.0.1", 0, 7, **ROUTE),
    "remove a route": requests.route(RTM_DELROUTE, "::/0", "fd00::1", 3, 0, **ROUTE),
    "forwarding": requests.forwarding(),
    "place": requests.place_number(11),
}


def in_words_of_pyroute2(value: Any) -> Any:
    if not isinstance(value, tuple | list):
        return value
    return {"attrs": [(name, in_words_of_pyroute2(inner)) for name, inner in value]}


def by_pyroute2(request: Request, sequence: int, flags: int) -> bytes:
    message = request.message()
    message.update(request.fields)
    message["attrs"] = in_words_of_pyroute2(list(request.attributes))["attrs"]
    message["header"] = {
        "type": request.kind,
        "flags": NLM_F_REQUEST | request.flags | flags,
        "sequence_number": sequence,
        "pid": 0,
    }
    message.encode()
    return bytes(message.data)


@pytest.mark.parametrize("what", EVERY)
def test_it_is_the_message_that_pyroute2_makes(what: str) -> None:
    request = EVERY[what]
    assert quick.encode(request, 7, NLM_F_ACK).hex() == by_pyroute2(request, 7, NLM_F_ACK).hex()


@pytest.mark.parametrize("what", EVERY)
def test_what_pyroute2_makes_comes_back(what: str) -> None:
    request = EVERY[what]
    data = by_pyroute2(request, 9, 0)
    one, two = quick.heads(data * 2)
    assert (one.kind, one.sequence, one.whole, two.whole) == (request.kind, 9, 0, len(data))
    reply = Reply(data * 2, two.start, two.end)
    fields = reply.fields(request.message)
    assert {name: fields[name] for name in request.fields} == request.fields
    for name, value in request.attributes:
        if isinstance(value, int):
            assert reply.number(name) == value
        elif name in ("IFLA_IFNAME", "IFLA_IFALIAS"):
            assert reply.text(name) == value
        else:
            assert reply.raw(name)


def test_nests_and_what_is_there_twice() -> None:
    data = by_pyroute2(EVERY["veth"], 1, 0)
    (head,) = quick.heads(data)
    reply = Reply(data, head.start, head.end)
    reply.fields(EVERY["veth"].message)
    assert reply.nest("IFLA_LINKINFO").text("IFLA_INFO_KIND") == "veth"
    names = (("IFLA_ALT_IFNAME", "one"), ("IFLA_ALT_IFNAME", "two"))
    data = by_pyroute2(requests.note(4, "")._replace(attributes=(("IFLA_PROP_LIST", names),)), 1, 0)
    (head,) = quick.heads(data)
    reply = Reply(data, head.start, head.end)
    reply.fields(EVERY["note"].message)
    assert reply.nest("IFLA_PROP_LIST").texts("IFLA_ALT_IFNAME") == ("one", "two")
    assert reply.text("IFLA_IFNAME") == ""
    assert reply.number("IFLA_LINK_NETNSID", -1) == -1
    assert list(reply.nest("IFLA_LINKINFO")) == []


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0\0", b"\x40\0\1\0", bytes(15), bytes(40)])
def test_broken_bytes_end_the_reading(data: bytes) -> None:
    assert list(quick.heads(data)) == []
    assert [value for _, value in Reply(data, 0, len(data)) if value] == []
