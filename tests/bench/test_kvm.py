"""Doctor, before there is a bench, and the bench itself come to the same verdict on KVM."""

from __future__ import annotations

import os

import pytest

from lab_engine.bench.container import Bench
from lab_engine.doctor import State, kvm
from lab_engine.doctor.engine import Engine
from lab_engine.doctor.machine import Machine
from tests.bench.conftest import ok

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(
        not os.access(kvm.DEVICE, os.R_OK | os.W_OK), reason="this user may not try KVM"
    ),
]


def test_doctor_and_the_bench_agree(bench: Bench) -> None:
    found = kvm.kvm(Machine(), Engine(cli=True, endpoint="unix:///var/run/docker.sock"))
    said = ok(
        bench.run(
            [
                "/opt/infralab/venv/bin/python",
                "-c",
                "from lab_engine.families.libvirt.guests import accelerator; "
                "print(accelerator.probe().accelerator)",
            ],
            env={"PYTHONPATH": "/opt/infralab/lib"},
        )
    )
    assert (found.state is State.OK) == (said == "kvm"), (found, said)
