"""What is said when mmdebstrap did not come to a good end."""

from __future__ import annotations

from lab_engine.bench import mmdebstrap

FULL = """Unpacking libc6:amd64 (2.41-12) ...
dpkg: error processing archive /var/cache/apt/archives/libc6_2.41-12_amd64.deb (--unpack):
 cannot copy extracted data for './usr/lib/libc.so.6': failed to write (No space left on device)
Errors were encountered while processing:
 /var/cache/apt/archives/libc6_2.41-12_amd64.deb
E: Sub-process /usr/bin/dpkg returned an error code (1)
E: apt-get -oApt::Cmd failed
E: setup failed"""


def test_the_cause_that_dpkg_gave_comes_first() -> None:
    said = mmdebstrap.failure(FULL.splitlines()).message
    assert "No space left on device" in said
    assert said.index("libc6_2.41-12") < said.index("Sub-process") < said.index("setup failed")


def test_without_one_it_is_what_apt_said() -> None:
    said = mmdebstrap.failure(["I: running apt-get update...", "E: Failed to fetch trixie"]).message
    assert said == "mmdebstrap failed: E: Failed to fetch trixie"
