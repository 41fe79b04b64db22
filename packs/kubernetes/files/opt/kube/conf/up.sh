#!/bin/bash
# up.sh WORKERS MIB [LABEL...]: a cluster of cp and w1 to wWORKERS, up to all that it needs.
# Each worker is said to have MIB of memory (0: all). What is made bears the labels. Says what it
# does, with the seconds since its start.
set -euo pipefail
# The bench's agent runs it, on whose PATH nothing is that a learner may replace.
PATH=/opt/kube/bin:$PATH
workers=${1:-2} mib=${2:-1024}
shift 2 || shift $#
labels=("$@")
# Time limits are longer where the machine is emulated.
patience=${INFRALAB_PATIENCE:-1}
kube=/var/lib/docker/kube
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export KUBECONFIG=$kube/cp/kubernetes/admin.conf

began=$(date +%s%N)
say() {
    local tenths=$((($(date +%s%N) - began) / 100000000))
    printf '%3d.%d s  %s\n' $((tenths / 10)) $((tenths % 10)) "$*"
}
# retry SECONDS COMMAND...: until it succeeds; so many seconds on an ordinary machine.
retry() {
    local end=$((SECONDS + $1 * patience))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { echo "never succeeded: $*" >&2; return 1; }
        sleep 0.1
    done
}
# logged NAME COMMAND...: its output is shown when it fails.
logged() {
    local log=$work/$1
    shift
    "$@" > "$log" 2>&1 || { tail -n 5 "$log" >&2; return 1; }
}
nodes=$(seq -f 'w%g' "$workers")

if ! docker network inspect kube > /dev/null 2>&1; then
    docker network create --subnet 172.30.0.0/24 -o com.docker.network.bridge.name=kube \
        "${labels[@]/#/--label=}" kube > /dev/null
fi
docker image inspect infralab/node:v1.34.4 > /dev/null 2>&1 ||
    /opt/kube/node/mknode.sh "${labels[@]}" > /dev/null
[ -d $kube/seed ] || { mkdir -p $kube; /opt/kube/node/seed $kube/seed; say "images unpacked"; }

starting=()
for node in cp $nodes; do
    size=$mib
    [ "$node" != cp ] || size=0
    logged "new-$node" /opt/kube/node/newnode "$node" "$size" "$workers" "${labels[@]}" &
    starting+=($!)
done
for pid in "${starting[@]}"; do wait "$pid"; done
retry 60 docker exec cp crictl version
say "nodes started"

sed "s/: 60s, /: $((60 * patience))s, /; s/: 2m0s/: $((2 * patience))m0s/" \
    /opt/kube/conf/init.yaml > "$work/init.yaml"
logged init docker exec -i cp kubeadm init --config /dev/stdin < "$work/init.yaml"
say "control plane initialised"
docker exec cp sh -c 'mkdir -p /root/.kube; cp /etc/kubernetes/admin.conf /root/.kube/config'
if [ "$workers" = 0 ]; then
    kubectl taint nodes cp node-role.kubernetes.io/control-plane- > /dev/null
fi

# Discovery by a file: by a token alone it waits 5 s and more for the signature of cluster-info.
# kubeadm takes a file with one cluster of the empty name, and no context.
kubectl config view --raw -o json |
    jq '{apiVersion, kind, clusters: [{name: "", cluster: .clusters[0].cluster}]}' \
        > "$work/discovery"
joining=()
for node in $nodes; do
    cp "$work/discovery" "$kube/$node/kubernetes/discovery.conf"
    logged "join-$node" docker exec "$node" kubeadm join --config /opt/kube/conf/join.yaml &
    joining+=($!)
done
for pid in "${joining[@]}"; do wait "$pid"; done
say "workers joined"

# A pod that reaches a kubelet before it has read the services is tried again only after 10 to
# 15 s: such pods are made anew.
renew() {
    kubectl -n kube-system get pods -o json |
        jq -r '.items[] | select(.status.containerStatuses[0].state.waiting.reason ==
            "CreateContainerConfigError").metadata.name' |
        xargs -r kubectl -n kube-system delete pod --wait=false > /dev/null
}
ready() {
    renew
    kubectl wait --for=condition=Ready node --all --timeout=2s
}
renew
kubectl apply -f /opt/kube/conf/net.yaml > /dev/null
retry 120 ready
say "nodes ready"
/opt/kube/conf/routes.sh
kubectl -n kube-system rollout status deploy/coredns --timeout=$((120 * patience))s > /dev/null
say "names answered"
kubectl apply -f /opt/kube/conf/storage.yaml > /dev/null
