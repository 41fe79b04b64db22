#!/bin/bash
# In a bench: a claim gets a volume of the CSI driver, whose data outlives the pod that wrote it.
set -u
failed=0
ok() {
    local what=$1
    shift
    if "$@" > /dev/null 2>&1; then echo "ok      $what"; else echo "FAILED  $what"; failed=1; fi
}
# within SECONDS COMMAND...: it succeeds by then.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.5
    done
}
# is FUNCTION TEXT: what it prints.
is() { [ "$($1)" = "$2" ]; }
# pod NAME SCRIPT: a pod with the claim in /data, on whichever node it may be.
pod() {
    kubectl apply -f - > /dev/null <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: Never
  volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
  containers:
  - name: c
    image: "busybox:1.37"
    command: [sh, -c, "$2"]
    volumeMounts: [{name: d, mountPath: /data}]
Y
}

/usr/lib/infralab/bin/start-docker || exit 1
/opt/kube/conf/up.sh 2 1024 || exit 1
export KUBECONFIG=/var/lib/docker/kube/cp/kubernetes/admin.conf
kubectl apply -f /opt/kube/conf/csi.yaml > /dev/null
ok "the driver runs on each node" kubectl -n kube-system rollout status ds/csi-disk --timeout=60s
known() {
    kubectl get csinodes -o json | jq -r '[.items[] |
        select(.spec.drivers[]?.name == "disk.csi.bench").metadata.name] | join(" ")'
}
ok "and each kubelet knows it" within 30 is known "cp w1 w2"

kubectl apply -f - > /dev/null <<'Y'
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  storageClassName: csi-disk
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 16Mi}}
Y
phase() { kubectl get pvc data -o jsonpath='{.status.phase}'; }
ok "a claim that no pod uses waits" is phase Pending
pod writer "echo kept > /data/x; sleep inf"
ok "one that a pod uses is bound" within 40 is phase Bound
ok "the pod writes" kubectl wait --for=condition=Ready pod/writer --timeout=60s
volume=$(kubectl get pvc data -o jsonpath='{.spec.volumeName}')
driver() { kubectl get pv "$volume" -o jsonpath='{.spec.csi.driver} {.spec.csi.volumeHandle}'; }
ok "its volume is the driver's" is driver "disk.csi.bench $volume"
home=$(kubectl get pod writer -o jsonpath='{.spec.nodeName}')
where() {
    kubectl get pv "$volume" -o json |
        jq -r '.spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]'
}
ok "and only on that node" is where "$home"
ok "its data is in the driver's folder" \
    within 10 docker exec "$home" grep -q kept "/var/csi-disk/$volume/data/x"
mounts() { docker exec "$home" sh -c "grep -c kubernetes.io~csi /proc/1/mountinfo"; }
ok "mounted by the driver, seen by the node" is mounts 1
kubectl delete pod writer > /dev/null
ok "and not any more without the pod" within 20 is mounts 0

pod reader "cat /data/x"
told() { kubectl logs reader; }
ok "another pod reads what the first one wrote" within 40 is told kept
stands() { kubectl get pod reader -o jsonpath="{.spec.nodeName}"; }
ok "on the same node" is stands "$home"
kubectl delete pod reader > /dev/null
kubectl delete pvc data > /dev/null
gone() { ! kubectl get pv "$volume" && ! docker exec "$home" test -e "/var/csi-disk/$volume"; }
ok "a deleted claim takes volume and data along" within 30 gone
kubectl delete -f /opt/kube/conf/csi.yaml > /dev/null
/opt/kube/conf/down.sh
exit $failed
