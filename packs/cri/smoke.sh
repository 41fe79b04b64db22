#!/bin/bash
# The same bundle under runc and crun; then a pod of two containers that share a network.
set -eu
work=$(mktemp -d)
cd "$work"
cleanup() {
  runc delete -f smoke-one > /dev/null 2>&1 || true
  crun delete -f smoke-two > /dev/null 2>&1 || true
  if [ -n "${pod:-}" ]; then crictl stopp "$pod" && crictl rmp "$pod"; fi > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

/usr/lib/infralab/bin/start-docker
docker load -qi /usr/lib/infralab/images/busybox.tar > /dev/null
mkdir rootfs
box=$(docker create busybox)
docker export "$box" | tar -x -C rootfs
docker rm "$box" > /dev/null
runc spec
jq '.process.args = ["sleep", "60"] | .process.terminal = false' config.json > new && mv new config.json
runc run -d smoke-one < /dev/null > one.log 2>&1
crun run -d smoke-two < /dev/null > two.log 2>&1
[ "$(runc state smoke-one | jq -r .status)" = running ]
[ "$(crun state smoke-two | jq -r .status)" = running ]
echo "runc and crun run one bundle"

/usr/lib/infralab/bin/start-cri
echo '{"metadata": {"name": "smoke", "namespace": "default", "uid": "1"},
  "linux": {"security_context": {"namespace_options": {"network": 2}}}}' > pod.json
for name in web side; do
  jq -n --arg n $name '{metadata: {name: $n}, image: {image: "busybox"}, linux: {},
    command: (if $n == "web" then ["httpd", "-f", "-p", "8097", "-h", "/etc"] else ["sleep", "60"] end)}' > $name.json
done
pod=$(crictl runp pod.json)
for name in web side; do
  box=$(crictl create "$pod" $name.json pod.json)
  crictl start "$box" > /dev/null
done
[ "$(crictl ps -q | wc -l)" = 2 ]
for _ in $(seq 50); do
  crictl exec "$box" wget -qO- 127.0.0.1:8097/passwd > got 2> /dev/null && break
  sleep 0.1
done
grep -q root got
echo "one container of a pod asked the other one"
