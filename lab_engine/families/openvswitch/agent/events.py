"""What changes in Open vSwitch's database (`monitor` of RFC 7047, section 4.1.5)."""

from __future__ import annotations

from typing import Final

from lab_engine.families.openvswitch.agent.ovsdb import DATABASE, Connection
from lab_engine.families.openvswitch.family import FAMILY
from lab_engine.families.source import Source
from lab_engine.kernel import sockets

# A source looks once a second whether it is to end.
LOOK_SECONDS: Final = 1.0
_WATCHED: Final = {
    "Bridge": ("name", "datapath_type", "fail_mode", "protocols", "ports", "controller"),
    "Port": ("name", "interfaces", "tag", "trunks", "vlan_mode"),
    "Interface": ("name", "type", "ofport", "ofport_request", "error", "link_state"),
    "Controller": ("target", "is_connected", "role"),
}
"""Not the statistics, which are new every five seconds and would wake every check."""


class OpenvswitchEvents(Source):
    topics = ("openvswitch",)

    def listen(self) -> None:
        if FAMILY.daemon is None or not sockets.answers(FAMILY.daemon.socket):
            return
        connection = Connection(LOOK_SECONDS)
        try:
            request = {
                table: [{"columns": columns, "select": {"initial": False}}]
                for table, columns in _WATCHED.items()
            }
            connection.call("monitor", DATABASE, None, request)
            while not self.stopping.is_set():
                try:
                    message = connection.receive()
                # Nothing changed; look whether this is to end.
                except TimeoutError:
                    continue
                if message.get("method") == "update":
                    self.publish("openvswitch", "")
        finally:
            connection.close()
