#!/bin/bash
# Over its own sshd: who may write pushes, who may only read is refused.
set -eu
work=$(mktemp -d)
chmod 755 "$work"
cleanup() { kill "$(cat "$work/sshd.pid" 2>/dev/null)" 2>/dev/null; userdel -r smoke-git 2>/dev/null; rm -rf "$work"; }
trap cleanup EXIT
useradd -m -p '*' -s /bin/bash smoke-git
for who in ann bob host; do ssh-keygen -q -t ed25519 -N '' -f "$work/$who"; done
cp "$work/ann.pub" /home/smoke-git/ann.pub
su - smoke-git -c 'gitolite setup -pk ann.pub' > /dev/null 2>&1
mkdir -p /run/sshd
cat > "$work/sshd_config" <<C
Port 2299
ListenAddress 127.0.0.1
HostKey $work/host
PidFile $work/sshd.pid
UsePAM no
C
/usr/sbin/sshd -f "$work/sshd_config"
as() { export GIT_SSH_COMMAND="ssh -p 2299 -i $work/$1 -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"; }
export GIT_AUTHOR_NAME=smoke GIT_AUTHOR_EMAIL=s@x GIT_COMMITTER_NAME=smoke GIT_COMMITTER_EMAIL=s@x
for _ in $(seq 50); do (exec 3<> /dev/tcp/127.0.0.1/2299) 2>/dev/null && break; sleep 0.1; done
as ann
git clone -q smoke-git@127.0.0.1:gitolite-admin "$work/admin"
cd "$work/admin"
cp "$work/bob.pub" keydir/bob.pub
printf 'repo shop\n    RW+ = ann\n    R = bob\n' >> conf/gitolite.conf
git add -A && git commit -qm 'bob reads' && git push -q 2> /dev/null
git clone -q smoke-git@127.0.0.1:shop "$work/shop" 2> /dev/null
cd "$work/shop"
echo hello > a && git add a && git commit -qm first && git push -q origin HEAD:main
as bob
git clone -q -b main smoke-git@127.0.0.1:shop "$work/bobs"
cd "$work/bobs"
echo more >> a && git commit -qam second
if git push -q origin HEAD:main 2> "$work/refused"; then echo "bob could push"; exit 1; fi
grep -q DENIED "$work/refused"
echo "ann pushed, bob read and was refused to push"
