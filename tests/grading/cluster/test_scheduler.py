"""The connection, and what is said when there is none."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from lab_engine.cli import frame
from lab_engine.errors import InfralabError, UsageError
from lab_engine.grading.cluster import scheduler


@pytest.mark.parametrize(
    "address", ["", "10.0.0.7:8786", "tcp://10.0.0.7", "http://10.0.0.7:8786", "tcp://:8786",
                "tcp://a:b", "inproc://1/2"]
)  # fmt: skip
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError, match="no address of a scheduler"):
        scheduler.checked(address)


@pytest.mark.parametrize("address", ["tcp://10.0.0.7:8786", "tls://head:1", "tcp://[::1]:8786"])
def test_what_is_one(address: str) -> None:
    assert scheduler.checked(address) == address


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="not installed") as told:
        scheduler.require()
    assert "requirements-cluster.lock" in told.value.hint


async def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "SECONDS", 1.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(InfralabError, match="no scheduler answers"):
            async with scheduler.connected(address):
                pass


async def test_tls_without_certificates_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "SECONDS", 1.0)
    with pytest.raises(InfralabError, match="no scheduler answers") as told:
        async with scheduler.connected("tls://127.0.0.1:1"):
            pass
    assert "certificates" in told.value.hint


def test_a_worker_says_at_once_that_an_address_is_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRALAB_DATA_DIR", str(tmp_path))
    assert frame.main(["worker", "10.0.0.7"]) == 2
    assert "no address of a scheduler" in capsys.readouterr().err
