"""The connection to Dask's scheduler; the one place that imports Dask in the client."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from lab_engine.common.patience import patient
from lab_engine.errors import InfralabError, UsageError
from lab_engine.shown import shown

SCHEMES: Final = ("tcp://", "tls://")
SECONDS: Final = 20.0
"""For the scheduler's first answer."""
LOCK: Final = Path(__file__).parents[3] / "requirements-cluster.lock"
TCP_HINT: Final = (
    "Start one: `dask scheduler`. One that was started for TLS has an address with tls://."
)
TLS_HINT: Final = (
    "Is one there, started with `--protocol tls`? The certificates are in Dask's configuration, on "
    "this computer too: docs/scale.md names them."
)
LARGEST: Final = "1GB"
"""Of a job, before Dask warns: a submission is bounded where it is read."""


def require() -> None:
    """Raises UsageError where Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        lock = f"--require-hashes -r {LOCK}" if LOCK.exists() else "'infralab[cluster]'"
        raise UsageError(
            "a cluster needs Dask's scheduler, and it is not installed",
            hint=f"Install it, here and on each worker: {sys.executable} -m pip install {lock}",
        ) from None


def checked(address: str) -> str:
    """The address. Raises UsageError for one that is none."""
    host, _, port = address.partition("://")[2].rpartition(":")
    if not address.startswith(SCHEMES) or not host or not port.isdecimal():
        raise UsageError(
            f"{shown(address)!r} is no address of a scheduler",
            hint="Such as tcp://10.0.0.7:8786, or tls:// where Dask is set up for it.",
        )
    return address


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Any]:
    """A `distributed.Client`, asynchronous. Certificates for tls:// are in Dask's configuration.

    Raises UsageError without Dask, or for no address; InfralabError when no scheduler answers.
    """
    require()
    checked(address)
    import dask
    from distributed import Client

    with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGEST}):
        client: Any = Client(
            address, asynchronous=True, timeout=patient(SECONDS), set_as_default=False
        )
        try:
            await client
        except (OSError, TimeoutError, TypeError, ValueError) as error:
            await client.close()
            raise InfralabError(
                f"no scheduler answers at {address}: {error}",
                hint=TLS_HINT if address.startswith("tls://") else TCP_HINT,
            ) from error
        try:
            yield client
        finally:
            # What was asked for and not done is dropped at the scheduler, too.
            await client.close()
