"""The way to the cluster's API server: HTTPS with the administrator's certificate.

The certificate is that of kubeadm's `admin.conf`. One connection a thread, kept open: a TLS
handshake costs more than an answer.
"""

from __future__ import annotations

import base64
import http.client
import re
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from lab_engine.common.patience import patient
from lab_engine.errors import DaemonDown, ProviderError

FOLDER: Final = Path("/var/lib/docker/kube")
CONFIG: Final = FOLDER / "cp/kubernetes/admin.conf"
SECONDS: Final = 8.0
"""How long an answer may take."""
WATCH_SECONDS: Final = 300
"""After so long the API server ends a watch by itself."""
APPLY: Final = "application/apply-patch+yaml"
MERGE: Final = "application/merge-patch+json"
NOT_FOUND: Final = 404

Object = dict[str, Any]

_local = threading.local()


class NoCluster(LookupError):
    """The bench has none."""


class Refused(Exception):
    """The API server said no; `code` is that of HTTP, the text its own message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Access(NamedTuple):
    host: str
    port: int
    context: ssl.SSLContext
    made: int


def there() -> bool:
    """Whether the bench has a cluster, whatever it does now."""
    return CONFIG.exists()


def _access() -> _Access:
    """Raises NoCluster."""
    try:
        made, text = CONFIG.stat().st_mtime_ns, CONFIG.read_text(encoding="ascii")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoCluster(str(CONFIG)) from error
    known: _Access | None = getattr(_local, "access", None)
    if known and known.made == made:
        return known
    # kubeadm writes each on a line of its own; the bench has no reader of YAML.
    fields = dict(re.findall(r"^\s*([a-z-]+): (\S+)$", text, re.MULTILINE))
    try:
        authority, certificate, key = (
            base64.b64decode(fields[f"{name}-data"])
            for name in ("certificate-authority", "client-certificate", "client-key")
        )
        host, _, port = fields["server"].removeprefix("https://").partition(":")
    except KeyError as error:
        raise NoCluster(f"{CONFIG} lacks {error}") from error
    context = ssl.create_default_context(cadata=authority.decode("ascii"))
    # The library reads a certificate of its own from a file only.
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(certificate + key)
        file.flush()
        context.load_cert_chain(file.name)
    access = _Access(host, int(port or 443), context, made)
    _local.access = access
    close()
    return access


def close() -> None:
    """Forget this thread's connection."""
    open_one: http.client.HTTPSConnection | None = getattr(_local, "connection", None)
    _local.connection = None
    if open_one:
        open_one.close()


def request(
    method: str,
    path: str,
    body: Any = None,
    *,
    kind: str = "application/json",
    seconds: float = SECONDS,
) -> Object:
    """One call. Raises NoCluster, Refused, and DaemonDown when nobody answers in time."""
    access = _access()
    data = None if body is None else msgspec.json.encode(body)
    headers = {"Accept": "application/json"} | ({} if data is None else {"Content-Type": kind})
    for fresh in (False, True):
        connection: http.client.HTTPSConnection | None = getattr(_local, "connection", None)
        kept = connection is not None and not fresh
        if not kept or connection is None:
            close()
            connection = http.client.HTTPSConnection(
                access.host, access.port, context=access.context, timeout=patient(seconds)
            )
            _local.connection = connection
        try:
            if connection.sock:
                connection.sock.settimeout(patient(seconds))
            connection.request(method, path, body=data, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
            break
        except (OSError, http.client.HTTPException) as error:
            close()
            # The server may have closed a kept connection meanwhile; a new one decides.
            if kept and not isinstance(error, TimeoutError):
                continue
            raise DaemonDown(
                f"the cluster's API server did not answer ({type(error).__name__})",
                daemon="kubernetes",
                hint="`sudo docker ps -a` in the bench shows whether its node `cp` runs; "
                "`docker start cp` starts it.",
            ) from error
    found: Object = msgspec.json.decode(text) if text.startswith(b"{") else {}
    if answer.status >= http.client.BAD_REQUEST:
        raise Refused(answer.status, str(found.get("message") or answer.reason))
    return found


def base(resource: str, namespace: str = "", name: str = "") -> str:
    """The path of `apps/v1/deployments`, of one namespace's, or of one object."""
    group, _, plural = resource.rpartition("/")
    root = f"/apis/{group}" if "/" in group else f"/api/{group}"
    inside = f"/namespaces/{quote(namespace, '')}" if namespace else ""
    return f"{root}{inside}/{plural}" + (f"/{quote(name, '')}" if name else "")


def get(resource: str, namespace: str, name: str) -> Object | None:
    """An object that is not being deleted; None for none. Raises as `request`."""
    try:
        found = request("GET", base(resource, namespace, name))
    except Refused as error:
        if error.code == NOT_FOUND:
            return None
        raise
    return None if deleting(found) else found


def listed(
    resource: str, namespace: str = "", *, labels: str = "", fields: str = "", ending: bool = False
) -> list[Object]:
    """Those that are not being deleted; with `ending` those as well.

    A kind that the cluster does not know has none.
    """
    asked = {"labelSelector": labels, "fieldSelector": fields}
    query = urlencode({name: value for name, value in asked.items() if value})
    try:
        found = request("GET", base(resource, namespace) + (f"?{query}" if query else ""))
    except Refused as error:
        if error.code == NOT_FOUND:
            return []
        raise
    return [one for one in found.get("items") or () if ending or not deleting(one)]


def deleting(one: Mapping[str, Any]) -> bool:
    return "deletionTimestamp" in one.get("metadata", {})


def watch(resource: str, version: str, seconds: float) -> Iterator[Object]:
    """What changes from `version` on; ends when the server ends it.

    Each wait for the next piece may take `seconds`; TimeoutError is raised then, and on a
    connection of its own. Raises NoCluster, OSError and HTTPException.
    """
    access = _access()
    connection = http.client.HTTPSConnection(
        access.host, access.port, context=access.context, timeout=seconds
    )
    query = urlencode({"watch": 1, "resourceVersion": version, "timeoutSeconds": WATCH_SECONDS})
    try:
        connection.request("GET", f"{base(resource)}?{query}")
        answer = connection.getresponse()
        if answer.status >= http.client.BAD_REQUEST:
            raise http.client.HTTPException(f"{resource}: {answer.status}")
        for line in answer:
            yield msgspec.json.decode(line)
    finally:
        connection.close()


def refused(what: str, error: Refused, key: str = "") -> ProviderError:
    """The error for what the API server would not do."""
    return ProviderError(
        f"the cluster refused to {what}: {error}",
        resource=key,
        hint="`kubectl get events -A --sort-by=.lastTimestamp` in the bench tells the latest.",
    )
