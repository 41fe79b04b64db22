#!/bin/bash
# In a bench: 20 nodes without machines join a real cluster, take pods, and are drained of them.
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
LIVE='.items[] | select(.metadata.deletionTimestamp == null)'

/usr/lib/infralab/bin/start-docker || exit 1
/opt/kube/conf/up.sh 1 1024 || exit 1
export KUBECONFIG=/var/lib/docker/kube/cp/kubernetes/admin.conf
kubectl apply -f /opt/kube/conf/kwok.yaml > /dev/null
ok "kwok runs" kubectl -n kube-system rollout status deploy/kwok-controller --timeout=60s

for number in $(seq 20); do
    cat <<Y
apiVersion: v1
kind: Node
metadata:
  name: sim-$number
  labels: {type: simulated, kubernetes.io/hostname: sim-$number}
  annotations: {kwok.x-k8s.io/node: fake}
spec: {taints: [{key: kwok.x-k8s.io/node, value: fake, effect: NoSchedule}]}
status:
  addresses: [{type: Hostname, address: sim-$number}]
  capacity: {cpu: "4", memory: 8Gi, pods: "110"}
  allocatable: {cpu: "4", memory: 8Gi, pods: "110"}
---
Y
done | kubectl apply -f - > /dev/null
ready() {
    kubectl get nodes -l type=simulated -o json | jq '[.items[] |
        select(.status.conditions[]? | .type == "Ready" and .status == "True")] | length'
}
ok "20 nodes are Ready" within 40 is ready 20

kubectl apply -f - > /dev/null <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata: {name: many}
spec:
  replicas: 60
  selector: {matchLabels: {app: many}}
  template:
    metadata: {labels: {app: many}}
    spec:
      nodeSelector: {type: simulated}
      tolerations: [{key: kwok.x-k8s.io/node, operator: Exists}]
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: DoNotSchedule
        nodeTaintsPolicy: Honor
        labelSelector: {matchLabels: {app: many}}
      containers: [{name: c, image: "nowhere.example/app:1", resources: {requests: {cpu: 500m}}}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: sums}
spec:
  completions: 8
  parallelism: 4
  template:
    spec:
      restartPolicy: Never
      nodeSelector: {type: simulated}
      tolerations: [{key: kwok.x-k8s.io/node, operator: Exists}]
      containers: [{name: c, image: "nowhere.example/app:1"}]
---
apiVersion: v1
kind: Pod
metadata: {name: real}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: "busybox:1.37", command: [sleep, inf]}]
Y
ok "60 pods are ready there" kubectl rollout status deploy/many --timeout=60s
spread() {
    kubectl get pods -l app=many -o json |
        jq -r "[[$LIVE.spec.nodeName] | group_by(.)[] | length] | \"\(length) \(min)-\(max)\""
}
ok "3 on each of the 20" within 20 is spread "20 3-3"
ok "a job of 8 ends" kubectl wait --for=condition=Complete job/sums --timeout=60s
home() { kubectl get pod real -o jsonpath='{.spec.nodeName} {.status.phase}'; }
ok "a pod that does not ask for them runs on a real node" within 40 is home "w1 Running"

kubectl drain sim-7 --ignore-daemonsets --timeout=60s > /dev/null 2>&1
moved() {
    kubectl get pods -l app=many -o json | jq -r "
        [$LIVE | select(.status.phase == \"Running\").spec.nodeName] |
        \"\(length) \([.[] | select(. == \"sim-7\")] | length)\""
}
ok "a drain moves its pods to the others" within 40 is moved "60 0"
full() {
    kubectl get pods -l app=many -o json | jq -r "[$LIVE | select(.spec.nodeName == null) |
        .status.conditions[] | select(.type == \"PodScheduled\").reason] | unique[]"
}
kubectl scale deploy/many --replicas=200 > /dev/null
ok "what has no room is Unschedulable" within 60 is full Unschedulable

kubectl delete deploy/many job/sums pod/real --wait=false > /dev/null
kubectl delete nodes -l type=simulated > /dev/null
kubectl delete -f /opt/kube/conf/kwok.yaml > /dev/null
real() { kubectl get nodes -o json | jq -r '[.items[].metadata.name] | join(" ")'; }
ok "and only the real nodes are left" within 40 is real "cp w1"
/opt/kube/conf/down.sh
exit $failed
