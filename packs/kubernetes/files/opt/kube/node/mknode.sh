#!/bin/bash
# mknode.sh [LABEL...]: the image of a node. Only a skeleton; /usr comes from the bench at run time.
set -eu
here=$(dirname "$0")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{dev,home,mnt,opt,proc,root,run,srv,sys,tmp,usr,var} \
    "$root"/etc/{alternatives,cni/net.d,containerd/certs.d,kubernetes,ssl}
for name in bin sbin lib lib64; do ln -s usr/$name "$root/$name"; done
chmod 1777 "$root/tmp"
cp -a /etc/alternatives/. "$root/etc/alternatives/"
cp -a /etc/ssl/certs "$root/etc/ssl/"
for name in passwd group nsswitch.conf debian_version protocols services os-release \
    ld.so.cache ld.so.conf ld.so.conf.d bash.bashrc; do
    [ ! -e /etc/$name ] || cp -a /etc/$name "$root/etc/"
done
cp "$here/containerd.toml" "$root/etc/containerd/config.toml"
install -m 755 "$here/entrypoint" "$root/entrypoint"
cat > "$root/etc/crictl.yaml" <<C
runtime-endpoint: unix:///run/containerd/containerd.sock
image-endpoint: unix:///run/containerd/containerd.sock
C
changes=(-c 'ENTRYPOINT ["/entrypoint"]' -c 'STOPSIGNAL SIGTERM' -c 'ENV LANG=C.UTF-8'
    -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')
for label; do changes+=(-c "LABEL $label"); done
tar -C "$root" -c . | docker import "${changes[@]}" - infralab/node:v1.34.4
