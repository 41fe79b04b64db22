#!/bin/bash
# A system is committed, deployed, told who it is, updated from a server that signs, and taken back; a
# squashfs is made anew from a delta, and mounted.
set -eu
work=$(mktemp -d)
cd "$work"
export GNUPGHOME=$work/keys
cleanup() {
  umount "$work/snap" 2>/dev/null || true
  gpgconf --kill all 2>/dev/null || true
  chattr -R -f -i "$work/disk" || true
  rm -rf "$work"
}
trap cleanup EXIT
mkdir -m 700 keys
gpg -q --batch --passphrase '' --quick-generate-key smoke@lab.test ed25519 sign never 2>/dev/null
gpg --armor --export smoke@lab.test > smoke.asc

tree() {
  rm -rf tree
  mkdir -p tree/usr/etc tree/usr/lib/modules/1 tree/var
  printf 'ID=smoke\nPRETTY_NAME="Smoke %s"\n' "$1" > tree/usr/lib/os-release
  echo kernel > tree/usr/lib/modules/1/vmlinuz
  echo "archive $1" > tree/usr/lib/modules/1/initramfs.img
  echo default > tree/usr/etc/conf
}
commit() { ostree --repo=public commit -b smoke --tree=dir=tree --owner-uid=0 --owner-gid=0 "$@" > /dev/null; }

ostree --repo=public init --mode=archive
tree 1
commit --gpg-sign=smoke@lab.test
mkdir disk
ostree admin init-fs disk
ostree admin os-init --sysroot=disk smoke > /dev/null
ostree --repo=disk/ostree/repo remote add --gpg-import=smoke.asc shop "file://$work/public" > /dev/null
ostree --repo=disk/ostree/repo pull shop smoke > /dev/null
ostree admin deploy --sysroot=disk --os=smoke shop:smoke > /dev/null 2>&1
echo "a signed system was pulled and deployed"

root=$(echo disk/ostree/deploy/smoke/deploy/*.0)
printf '%s\n' '{"ignition": {"version": "3.3.0"}, "storage": {"files": [' \
  '{"path": "/etc/hostname", "mode": 420, "contents": {"source": "data:,buoy%0A"}}]}}' > buoy.ign
ignition-validate buoy.ign
# For Ignition alone: with rules there, ostree would want tools of SELinux that Debian lacks.
rules=$root/etc/selinux
mkdir -p "$rules/lab/contexts/files"
printf 'SELINUX=disabled\nSELINUXTYPE=lab\n' > "$rules/config"
printf '/.*\tsystem_u:object_r:any_t:s0\n' > "$rules/lab/contexts/files/file_contexts"
for stage in fetch files; do
  IGNITION_CONFIG_FILE=$work/buoy.ign ignition --platform=file --stage=$stage --root="$work/$root" \
    --config-cache="$work/cache.json" --log-to-stdout > ignition.log 2>&1 || { cat ignition.log; exit 1; }
done
rm -r "$rules"
[ "$(cat "$root/etc/hostname")" = buoy ]
echo "Ignition wrote a file"

tree 2
commit
if ostree admin upgrade --sysroot=disk --os=smoke > refused.log 2>&1; then
  echo "an unsigned commit was taken"
  exit 1
fi
grep -q 'no signatures found' refused.log
ostree --repo=public gpg-sign smoke smoke@lab.test --gpg-homedir="$GNUPGHOME" > /dev/null
ostree admin upgrade --sysroot=disk --os=smoke > log 2>&1 || { cat log; exit 1; }
first() { grep -h ^title "disk/boot/loader/entries/ostree-2.conf"; }
first | grep -q 'Smoke 2'
[ "$(cat disk/ostree/deploy/smoke/deploy/*.0/etc/hostname | sort -u)" = buoy ]
ostree admin set-default --sysroot=disk 1 > /dev/null
ostree admin pin --sysroot=disk 0 > /dev/null
first | grep -q 'Smoke 1'
echo "an unsigned update was refused, a signed one was taken, and taken back"

head -c 300000 /dev/urandom > data
for n in 1 2; do
  mkdir tree_$n
  cp data tree_$n/
  echo $n > tree_$n/revision
  mksquashfs tree_$n $n.snap -quiet -no-progress
done
zstd -q --patch-from=1.snap 2.snap -o delta
zstd -q -d --patch-from=1.snap delta -o made.snap
cmp 2.snap made.snap
[ "$(stat -c %s delta)" -lt 5000 ]
mkdir snap && mount -t squashfs -o loop,ro made.snap snap
[ "$(cat snap/revision)" = 2 ]
if touch snap/x 2>/dev/null; then
  echo "a squashfs was written to"
  exit 1
fi
echo "a revision was made of $(stat -c %s delta) bytes, and mounted"
