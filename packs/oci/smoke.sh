#!/bin/bash
# One image goes through all of them: copied, unpacked and changed, run by runc, built on, and run by
# containerd.
set -eu
work=$(mktemp -d)
cd "$work"
cleanup() {
  runc delete -f smoke-oci > /dev/null 2>&1 || true
  [ -z "${pid:-}" ] || { kill "$pid" 2>/dev/null; } || true
  wait 2>/dev/null || true
  umount -R "$work/state" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

echo '{"default": [{"type": "insecureAcceptAnything"}]}' > policy.json
archive=/usr/lib/infralab/images/busybox.tar
skopeo copy -q --insecure-policy "docker-archive:$archive" oci:layout:box
jq -e '.manifests[0].annotations["org.opencontainers.image.ref.name"] == "box"' layout/index.json > /dev/null
echo "skopeo wrote a layout of OCI"

umoci unpack --image layout:box bundle > /dev/null
echo "by umoci" > bundle/rootfs/hello
umoci repack --image layout:changed bundle > /dev/null
layers() { skopeo inspect "oci:layout:$1" | jq '.Layers | length'; }
[ "$(layers changed)" = $(( $(layers box) + 1 )) ]
echo "umoci added a layer"

jq '.process.terminal = false | .process.args = ["cat", "/hello"]
    | del(.linux.resources) | .linux.cgroupsPath = "/smoke-oci"' bundle/config.json > new.json
mv new.json bundle/config.json
[ "$(runc run -b bundle smoke-oci < /dev/null)" = "by umoci" ]
echo "runc ran the bundle"

export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
store=(--root "$work/store" --runroot "$work/run")
printf 'FROM oci:%s/layout:changed\nRUN echo "by buildah" >> /hello\n' "$work" > Containerfile
buildah "${store[@]}" bud -q --network none --signature-policy "$work/policy.json" -t built . > built.id 2> built.log || { cat built.log; exit 1; }
buildah "${store[@]}" push -q --signature-policy "$work/policy.json" built oci-archive:built.tar:built
echo "buildah built on it"

mkdir state
containerd --root "$work/root" --state "$work/state" --address "$work/c.sock" \
  --config /dev/null --log-level error > c.log 2>&1 & pid=$!
for _ in $(seq 100); do ctr -a "$work/c.sock" version > /dev/null 2>&1 && break; sleep 0.2; done
ctr -a "$work/c.sock" image import --snapshotter native --index-name box:built built.tar > /dev/null
name=$(ctr -a "$work/c.sock" image ls -q | head -1)
said=$(ctr -a "$work/c.sock" run --rm --snapshotter native --runtime io.containerd.runc.v2 "$name" box cat /hello < /dev/null | paste -sd,)
[ "$said" = "by umoci,by buildah" ] || { echo "containerd's container said: $said"; exit 1; }
echo "containerd ran what was built"
