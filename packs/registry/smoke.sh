#!/bin/bash
# An image is pushed and comes back with the same digest.
set -eu
work=$(mktemp -d)
cd "$work"
trap 'kill "${pid:-}" 2>/dev/null; rm -rf "$work"' EXIT
cat > config.yml <<C
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $work/data}}
http: {addr: 127.0.0.1:5999}
C
docker-registry serve config.yml > log 2>&1 & pid=$!
for _ in $(seq 100); do curl -sf http://127.0.0.1:5999/v2/ > /dev/null && break; sleep 0.1; done
archive=$(find /usr/lib/infralab/images -name 'busybox*.tar' | head -1)
skopeo copy -q --insecure-policy --dest-tls-verify=false "docker-archive:$archive" docker://127.0.0.1:5999/box:1
curl -s http://127.0.0.1:5999/v2/_catalog | jq -e '.repositories == ["box"]' > /dev/null
digest=$(skopeo inspect --tls-verify=false -f '{{.Digest}}' docker://127.0.0.1:5999/box:1)
skopeo copy -q --insecure-policy --preserve-digests --src-tls-verify=false "docker://127.0.0.1:5999/box@$digest" dir:back
echo "${digest#sha256:}  back/manifest.json" | sha256sum -c --quiet
echo "pushed and pulled by the digest ${digest:0:19}"
