"""What only the providers of the inner Docker engine owe, in a bench."""

from __future__ import annotations

import pytest

from tests.families.conftest import InBench

pytestmark = pytest.mark.bench


def test_takes_what_ours_hold_on_to_and_leaves_what_a_stranger_holds(in_bench: InBench) -> None:
    in_bench("docker_held", daemon="docker")


def test_an_engine_that_is_down_is_named(in_bench: InBench) -> None:
    said = in_bench("docker_down")
    assert said.startswith("docker: ")
    assert "did not answer" in said


def test_the_beginning_of_an_id_is_nobodys_name(in_bench: InBench) -> None:
    in_bench("docker_prefix", daemon="docker")


def test_a_swarm_goes_before_what_it_keeps_running(in_bench: InBench) -> None:
    in_bench("docker_swarm", daemon="docker")


def test_what_an_engine_and_its_client_were_told_is_taken_back(in_bench: InBench) -> None:
    in_bench("docker_settings", daemon="docker")
