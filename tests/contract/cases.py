"""All cases of all families."""

from __future__ import annotations

from typing import Final

from tests.contract import cases_docker, cases_files, cases_libvirt, cases_netlink
from tests.contract.case import Case

CASES: Final[tuple[Case, ...]] = (
    *cases_netlink.CASES,
    *cases_files.CASES,
    *cases_docker.CASES,
    *cases_libvirt.CASES,
)
