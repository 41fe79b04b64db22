from __future__ import annotations

from xml.etree import ElementTree as ET

from lab_engine.families.libvirt.agent import domain_xml
from lab_engine.families.libvirt.agent.domain_xml import DiskFile
from lab_engine.families.libvirt.resources import VM, Nic

SAVED = """<domain type='qemu' id='7'><name>template</name><uuid>1111</uuid><genid>1111</genid>
<metadata><old/></metadata><memory unit='KiB'>262144</memory><devices>
<disk type='file'><source file='/states/root.qcow2' index='1'/></disk>
<serial type='pty'><source path='/dev/pts/4'/><target port='0'/></serial>
<console type='pty' tty='/dev/pts/4'><source path='/dev/pts/4'/></console>
<channel type='unix'><source mode='bind' path='/run/old'/>
<target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>
</devices></domain>"""


def test_renamed_leaves_nothing_of_the_one_that_was_saved() -> None:
    mark = ET.Element("mark")
    root = ET.fromstring(domain_xml.renamed(SAVED, "web", "2222", mark, "/vms/web.qcow2"))
    assert root.get("id") is None
    assert [root.findtext(tag) for tag in ("name", "uuid", "genid")] == ["web", "2222", "2222"]
    assert root.find("metadata/old") is None
    assert root.find("metadata/mark") is not None
    assert root.find("devices/channel/source") is None
    target = root.find("devices/channel/target")
    assert target is not None
    assert target.get("state") is None
    assert "/dev/pts" not in ET.tostring(root, encoding="unicode")
    source = root.find("devices/disk/source")
    assert source is not None
    assert source.get("file") == "/vms/web.qcow2"
    assert root.findtext("memory") == "262144"


def test_every_device_has_a_place_of_its_own() -> None:
    vm = VM("web", networks=tuple(Nic("lan") for _ in range(6)))
    devices = [
        *(domain_xml.interface(nic, mac, index)
          for index, (nic, mac) in enumerate(zip(vm.networks, vm.macs(), strict=True))),
        *(domain_xml.disk(DiskFile(f"/d{index}", "raw", f"vd{letter}", domain_xml.disk_slot(index)))
          for index, letter in enumerate("abcdefgh")),
        domain_xml.disk(DiskFile("/root", "qcow2", "vdz", domain_xml.ROOT_SLOT)),
    ]  # fmt: skip
    addresses = [device.find("address") for device in devices]
    slots = [int(address.get("slot", ""), 16) for address in addresses if address is not None]
    assert len(set(slots)) == len(devices)
    assert max(slots) <= 31


def test_balloon_and_cpus() -> None:
    machine = domain_xml.hardware(VM("web", memory=256, vcpus=1, vcpus_max=4), "qemu")
    root = ET.fromstring(domain_xml.domain(machine, "web", "1", memory_now=128))
    assert (root.findtext("memory"), root.findtext("currentMemory")) == ("256", "128")
    vcpu = root.find("vcpu")
    assert vcpu is not None
    assert (vcpu.text, vcpu.get("current")) == ("4", "1")
    assert root.find("cpu") is None
    assert "infralab.host=web" in (root.findtext("os/cmdline") or "")
