#!/bin/bash
# In a bench: a cluster is brought up, and does what lessons will ask of it. A line for each.
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
json() { kubectl get "$@" -o json; }
rolled() { kubectl rollout status deploy/web --timeout=60s; }
LIVE='.items[] | select(.metadata.deletionTimestamp == null)'

/usr/lib/infralab/bin/start-docker || exit 1
/opt/kube/conf/up.sh 2 1024 || exit 1
export KUBECONFIG=/var/lib/docker/kube/cp/kubernetes/admin.conf
cd /opt/kube/ex || exit 1
kubectl apply -f web.yaml -f clients.yaml -f ../conf/metrics.yaml > /dev/null

ok "a deployment of 3" rolled
kubectl wait --for=condition=Ready pod/front pod/client --timeout=60s > /dev/null
homes() { json pods -l app=web | jq -r "[$LIVE.spec.nodeName] | unique | join(\" \")"; }
ok "spread over both workers" is homes "w1 w2"
ok "a service by name from a pod" within 10 kubectl exec client -- curl -sf -m 2 http://web/
ok "a node port from the bench" within 10 curl -sf -m 2 http://172.30.0.11:30080/
address() { json pods -l app=web | jq -r "[$LIVE.status.podIP][0]"; }
ok "a pod's address from the bench" curl -sf -m 2 "http://$(address):8080/"

kubectl scale deploy/web --replicas=5 > /dev/null
rolled > /dev/null
ends() {
    json endpointslices -l kubernetes.io/service-name=web |
        jq '[.items[].endpoints[] | select(.conditions.ready)] | length'
}
ok "scaled to 5 ready endpoints" within 10 is ends 5
kubectl scale deploy/web --replicas=3 > /dev/null
kubectl set image deploy/web web=web:2.0 > /dev/null
ok "a rolling update" rolled
kubectl set image deploy/web web=web:2.1 > /dev/null
rolled > /dev/null 2>&1 || true
stuck() {
    json deploy web | jq -r '"\(.status.readyReplicas) \(.status.conditions[] |
        select(.type == "Progressing").reason)"'
}
ok "a bad update stops, and 3 stay ready" is stuck "3 ProgressDeadlineExceeded"
kubectl rollout undo deploy/web > /dev/null
ok "an update undone" rolled

pod=$(json pods -l app=web | jq -r "[$LIVE][0].metadata.name")
node=$(kubectl get pod "$pod" -o jsonpath='{.spec.nodeName}')
container=$(docker exec "$node" crictl ps -q --label "io.kubernetes.pod.name=$pod")
docker exec "$node" sh -c "kill -9 \$(crictl inspect $container | jq .info.pid)"
restarts() { kubectl get pod "$pod" -o jsonpath='{.status.containerStatuses[0].restartCount}'; }
ok "killed on its node, restarted in place" within 20 is restarts 1

kubectl apply -f policy.yaml > /dev/null
ask() { kubectl exec "$1" -- curl -sf -m 2 http://web/; }
refused() { ! ask client; }
ok "a policy keeps the client out" within 10 refused
ok "and lets the front in" ask front
kubectl delete netpol --all > /dev/null

kubectl create -f - > /dev/null <<'Y'
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 16Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: keeper}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
  containers:
  - name: c
    image: "busybox:1.37"
    command: [sh, -c, "echo kept > /data/x; sleep inf"]
    volumeMounts: [{name: d, mountPath: /data}]
---
apiVersion: v1
kind: Pod
metadata: {name: hog}
spec:
  restartPolicy: Never
  containers:
  - name: c
    image: "busybox:1.37"
    command: [tail, /dev/zero]
    resources: {limits: {memory: 32Mi}}
Y
bound() { kubectl get pvc data -o jsonpath='{.status.phase}'; }
ok "a claim bound by the default class" within 30 is bound Bound
kept() {
    docker exec "$(kubectl get pod keeper -o jsonpath='{.spec.nodeName}')" \
        sh -c 'grep -q kept /var/local-path/*/x'
}
ok "its data on the node's disk" within 20 kept
oom() { kubectl get pod hog -o jsonpath='{.status.containerStatuses[0].state.terminated.reason}'; }
ok "a memory limit that kills" within 30 is oom OOMKilled
ok "metrics of pods" within 60 kubectl top pods
ok "a chart installed" helm install shop chart --wait --timeout 30s
again() {
    helm upgrade shop chart --set version=2.0 --wait --timeout 30s &&
        helm rollback shop 1 --wait --timeout 30s
}
ok "upgraded and rolled back" again

docker stop w2 > /dev/null
w2() { json node w2 | jq -r '.status.conditions[] | select(.type == "Ready").status'; }
ok "a node stopped is unknown" within 60 is w2 Unknown
moved() {
    json pods -l app=web | jq "[$LIVE | select(.spec.nodeName == \"w1\" and
        (.status.conditions[] | select(.type == \"Ready\").status == \"True\"))] | length"
}
ok "and its pods moved" within 90 is moved 3
docker start w2 > /dev/null
ok "and it comes back" within 60 is w2 True

/opt/kube/conf/down.sh
ok "nothing is left" test -z "$(docker ps -aq)$(ls /var/lib/docker/kube | grep -v seed)"
exit $failed
