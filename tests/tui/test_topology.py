"""The picture: its drawing, its words, and what changed in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from rich.cells import cell_len

from lab_engine.common.probe import Answer, Probe
from lab_engine.families.drawing import DRAWN, Edge, Node, Picture
from lab_engine.tui.topology.layout import Line, draw
from lab_engine.tui.topology.read import PictureReader
from lab_engine.tui.topology.words import say
from tests.tui.standin import StandIn, World

WEB = Node("container/web", "container", "web", "running", target="container:web")
DB = Node("container/db", "container", "db", "exited (0)", on=False)
ALPHA = Node("vm/alpha", "vm", "alpha", "running")
RED = Node("namespace/red", "namespace", "red")
NET = Node("network/my", "network", "my_bridge", facts=(("subnet", "172.18.0.0/16"),))
DEFAULT = Node("network/bridge", "network", "bridge", facts=(("subnet", "172.17.0.0/16"),))
CABLE = Node("link/x", "link", "veth0 — veth1", "down", on=False)
DATA = Node("volume/data", "volume", "data")
SPARE = Node("volume/spare", "volume", "spare")
WHOLE = Picture(
    (WEB, DB, ALPHA, RED, NET, DEFAULT, CABLE, DATA, SPARE),
    (
        Edge("container/web", "network/my", "172.18.0.2"),
        Edge("container/web", "network/bridge", "172.17.0.2"),
        Edge("container/db", "volume/data", "/data"),
        Edge("vm/alpha", "link/x", "10.0.0.1/24"),
        Edge("namespace/red", "link/x", "10.0.0.2/24"),
    ),
)


def texts(lines: list[Line]) -> list[str]:
    return ["".join(run.text for run in line) for line in lines]


@pytest.mark.parametrize("width", [34, 50, 76, 100, 160])
def test_it_fits_the_width(width: int) -> None:
    for line in texts(draw(WHOLE, width, now=0.0)):
        assert cell_len(line.rstrip()) <= width


@pytest.mark.parametrize("width", [40, 76, 160])
def test_everything_is_in_it(width: int) -> None:
    whole = "\n".join(texts(draw(WHOLE, width, now=0.0)))
    for node in WHOLE.nodes:
        assert node.name in whole
    assert "172.18.0.2" in whole
    assert "data at /data" in whole
    assert "spare unused" in whole


def test_lines_go_down_to_their_bars() -> None:
    """Below each place, where a stem begins, the bar of its segment has a knot."""
    lines = texts(draw(WHOLE, 160, now=0.0))
    bars = [line for line in lines if "═" in line]
    feet = next(line for line in lines if "┬" in line)
    first, second = (n for n, c in enumerate(feet[: feet.index("┘")]) if c == "┬")
    assert bars[0][first] == "●"
    assert bars[0][second] == "│"
    assert bars[1][second] == "●"


@pytest.mark.parametrize("kind", DRAWN)
def test_every_kind_can_be_drawn_and_said(kind: str) -> None:
    thing = Node("it", kind, "its-name", "up")
    name = "the bench" if kind == "bench" else "its-name"
    used = Picture((WEB, thing), (Edge(WEB.key, "it", "here"),))
    for picture in (used, used.since(Picture(), now=1.0)):
        for lines in (texts(draw(picture, 80, now=2.0)), list(say(picture, 2.0))):
            assert name in "\n".join(lines).replace("The bench", "the bench")
    # With nothing on it.
    assert draw(Picture((thing,)), 80, now=0.0) or kind == "link"
    assert list(say(Picture((thing,)), 0.0))


def test_containers_in_one_network_namespace_are_on_one_wire() -> None:
    shared = Node("shared-network/web", "shared-network", "network of web")
    picture = Picture(
        (WEB, DB, ALPHA, NET, shared),
        (
            Edge(WEB.key, NET.key, "172.18.0.2"),
            Edge(WEB.key, shared.key),
            Edge(DB.key, shared.key),
        ),
    )
    lines = texts(draw(picture, 100, now=0.0))
    (bar,) = [line for line in lines if "┄" in line]
    assert bar.count("●") == 3
    assert bar.rstrip().endswith("● shared network of web")
    assert "Container db, exited (0): shared network of web." in list(say(picture, 0.0))


def test_a_volume_that_two_have_is_a_bar_and_one_that_one_has_stands_in_its_box() -> None:
    own = Node("volume/own", "volume", "own")
    picture = Picture(
        (WEB, DB, DATA, own),
        (
            Edge(WEB.key, DATA.key, "/data"),
            Edge(DB.key, DATA.key, "/backup"),
            Edge(DB.key, own.key, "/own"),
        ),
    )
    lines = texts(draw(picture, 100, now=0.0))
    (bar,) = [line for line in lines if "░" in line]
    assert bar.count("●") == 2
    assert bar.rstrip().endswith("▤ volume data")
    paths = next(line for line in lines if "/data" in line)
    assert paths.index("/data") == bar.index("●") + 1
    assert paths.index("/backup") == bar.rindex("●") + 1
    assert any("▤ own at /own" in line for line in lines)
    assert not any("data at /data" in line for line in lines)


@pytest.mark.parametrize("width", [24, 40, 100])
def test_a_pool_is_drawn_with_its_disks_and_who_has_them(width: int) -> None:
    pool = Node("pool/images", "pool", "images", "down", on=False)
    volumes = [Node(f"volume/images/{n}", "volume", n) for n in ("alpha.qcow2", "base.qcow2")]
    picture = Picture(
        (ALPHA, pool, *volumes),
        (
            Edge(ALPHA.key, volumes[0].key, "vda"),
            *(Edge(volume.key, pool.key) for volume in volumes),
        ),
    )
    lines = texts(draw(picture, width, now=0.0))
    assert all(cell_len(line.rstrip()) <= width for line in lines)
    words = " ".join(" ".join(lines).split())
    assert "▦ pool images, down: ▤ alpha.qcow2 (vda of" in words
    assert words.endswith("▤ base.qcow2")
    said = list(say(picture, 0.0))
    assert "Pool images, down." in said
    assert "Volume alpha.qcow2, in pool images." in said
    assert "Volume base.qcow2, in pool images, not used." in said


def test_state_has_a_shape_and_a_word() -> None:
    whole = "\n".join(texts(draw(WHOLE, 160, now=0.0)))
    assert "● web" in whole
    assert "○ db" in whole
    assert "container, exited (0)" in whole
    assert "○ veth0 — veth1, down" in whole


def test_what_is_new_is_marked_for_a_while() -> None:
    before = Picture((WEB, NET))
    after = Picture((WEB, DB, NET)).since(before, now=100.0)
    assert after.node("container/db").recent(101.0)  # type: ignore[union-attr]
    assert not after.node("container/web").recent(101.0)  # type: ignore[union-attr]
    assert "○ db ✱" in "\n".join(texts(draw(after, 100, now=101.0)))
    assert "✱" not in "\n".join(texts(draw(after, 100, now=120.0)))


def test_a_new_state_or_address_is_a_change() -> None:
    joined = Picture((WEB, NET), (Edge("container/web", "network/my", "172.18.0.2"),))
    stopped = Node(WEB.key, "container", "web", "exited (0)", on=False)
    assert Picture((stopped, NET)).since(joined, now=50.0).nodes[0].recent(51.0)
    moved = Picture((WEB, NET), (Edge("container/web", "network/my", "172.18.0.9"),))
    assert moved.since(joined, now=50.0).edges[0].recent(51.0)


def test_what_is_gone_is_said_until_it_comes_back() -> None:
    gone = Picture((NET,)).since(Picture((WEB, NET)), now=10.0)
    assert "✱ container web is gone" in "\n".join(texts(draw(gone, 100, now=11.0)))
    assert "Just gone: container web." in list(say(gone, 11.0))
    back = Picture((WEB, NET)).since(gone, now=12.0)
    assert not back.gone


def test_the_same_in_words() -> None:
    said = list(say(WHOLE, 0.0))
    assert (
        "Container web, running: network my_bridge as 172.18.0.2; network bridge as 172.17.0.2."
        in said
    )
    assert "Container db, exited (0): volume data at /data." in said
    assert "Volume spare, not used." in said
    assert list(say(Picture(), 0.0)) == ["There is nothing here yet."]


def test_a_chosen_thing_has_its_own_look() -> None:
    looks = {r.look for line in draw(WHOLE, 100, now=0.0, chosen="vm/alpha") for r in line if r.key}
    assert "chosen" in looks


async def test_it_is_read_from_what_is_there(world: World, kit: object, record: object) -> None:
    world.networks["mine"] = "bridge"
    world.containers["web"] = "mine"
    reader = PictureReader()
    asker = StandIn.__new__(StandIn)
    first = await reader.read(asker.ask, ("docker",))
    assert {node.key for node in first.nodes} == {"container/web", "network/mine"}
    assert first.edges == (Edge("container/web", "network/mine", "172.18.0.2"),)
    assert not any(node.changed_at for node in first.nodes)
    world.networks["other"] = "bridge"
    second = await reader.read(asker.ask, ("docker",))
    assert [n.key for n in second.nodes if n.changed_at] == ["network/other"]
    assert not (await reader.read(asker.ask, ())).nodes


async def test_a_family_whose_drawing_fails_is_a_mark_and_the_others_are_drawn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(questions: object, parts: object) -> None:
        raise KeyError("no such thing")

    world.networks["mine"] = "bridge"
    monkeypatch.setattr("lab_engine.families.netlink.picture.read", broken)
    picture = await PictureReader().read(StandIn.__new__(StandIn).ask, ("docker",))
    assert {node.key for node in picture.nodes} == {"network/mine"}
    (trouble,) = picture.troubles
    assert "netlink" in trouble
    assert "no such thing" in trouble


async def test_what_a_daemon_that_is_down_has_is_left_out_and_said(world: World) -> None:
    world.networks["mine"] = "bridge"
    reader, asker, down = PictureReader(), StandIn.__new__(StandIn), [True]

    async def ask(probes: Sequence[Probe[Any]]) -> list[Answer]:
        if down[0]:
            return [Answer(problem="docker does not run") for _ in probes]
        return await asker.ask(probes)

    picture = await reader.read(ask, ("docker",))
    assert not picture.nodes
    assert picture.troubles == ("docker does not run",)
    down[0] = False
    again = await reader.read(ask, ("docker",))
    assert {node.key for node in again.nodes} == {"network/mine"}
    assert not again.troubles
