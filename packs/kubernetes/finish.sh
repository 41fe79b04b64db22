# The images of the cluster, from the programs; those that are only in images leave the bench again.
set -eu
mkdir -p /usr/lib/modules /usr/libexec/kubernetes/kubelet-plugins/volume/exec
for program in kubeadm kubectl kubelet; do
    ln -sf kube "/opt/kube/bin/$program"
    ln -sf "/opt/kube/bin/$program" "/usr/local/bin/$program"
done
python3 "$(dirname "$0")/images/make.py" /opt/kube/bin /opt/kube/images
cd /opt/kube/bin
rm coredns etcd local-path-provisioner metrics-server pause
