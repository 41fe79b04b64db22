"""What changes in the cluster: a watch of each kind that lessons ask about."""

from __future__ import annotations

import http.client
import threading
from typing import Final

from lab_engine.common.probe import RESYNC
from lab_engine.errors import DaemonDown
from lab_engine.families.kubernetes.agent import api
from lab_engine.families.kubernetes.probes import topic
from lab_engine.families.source import RETRY_SECONDS, Source

KINDS: Final = (
    "v1/pods",
    "v1/nodes",
    "v1/services",
    "v1/events",
    "v1/namespaces",
    "v1/configmaps",
    "v1/secrets",
    "v1/serviceaccounts",
    "v1/persistentvolumes",
    "v1/persistentvolumeclaims",
    "apps/v1/deployments",
    "apps/v1/replicasets",
    "apps/v1/statefulsets",
    "apps/v1/daemonsets",
    "batch/v1/jobs",
    "batch/v1/cronjobs",
    "autoscaling/v2/horizontalpodautoscalers",
    "policy/v1/poddisruptionbudgets",
    "discovery.k8s.io/v1/endpointslices",
    "networking.k8s.io/v1/networkpolicies",
    "networking.k8s.io/v1/ingresses",
    "rbac.authorization.k8s.io/v1/roles",
    "rbac.authorization.k8s.io/v1/rolebindings",
    "rbac.authorization.k8s.io/v1/clusterroles",
    "rbac.authorization.k8s.io/v1/clusterrolebindings",
    "storage.k8s.io/v1/storageclasses",
)


class KubeEvents(Source):
    topics = ("kube",)

    def listen(self) -> None:
        """A thread for each kind; each begins anew by itself."""
        # A bench without a cluster: returning would publish a resync each second.
        while not api.there():
            if self.stopping.wait(RETRY_SECONDS):
                return
        self.publish(RESYNC, "kube")
        threads = [
            threading.Thread(target=self._follow, args=(kind,), name=f"kube {kind}", daemon=True)
            for kind in KINDS
        ]
        for thread in threads:
            thread.start()
        # Until the cluster is taken away.
        while api.there() and not self.stopping.wait(RETRY_SECONDS):
            pass

    def _follow(self, kind: str) -> None:
        told = topic(kind)
        while api.there() and not self.stopping.is_set():
            try:
                # A list of one is enough to learn the version from which to watch.
                head = api.request("GET", f"{api.base(kind)}?limit=1")
                self.publish(told, "")
                self._take(kind, told, head["metadata"]["resourceVersion"])
            except (api.NoCluster, api.Refused, DaemonDown, OSError, http.client.HTTPException):
                if self.stopping.wait(RETRY_SECONDS):
                    break
        api.close()

    def _take(self, kind: str, told: str, version: str) -> None:
        for event in api.watch(kind, version, api.WATCH_SECONDS + 30):
            if self.stopping.is_set() or event["type"] == "ERROR":
                return
            about = event["object"]["metadata"]
            self.publish(told, f"{about.get('namespace', '')}/{about['name']}".lstrip("/"))
