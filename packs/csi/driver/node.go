package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func (d *driver) NodeGetInfo(
	context.Context, *csi.NodeGetInfoRequest,
) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: d.node, AccessibleTopology: d.topology()}, nil
}

func (d *driver) NodeGetCapabilities(
	context.Context, *csi.NodeGetCapabilitiesRequest,
) (*csi.NodeGetCapabilitiesResponse, error) {
	rpc := &csi.NodeServiceCapability_RPC{
		Type: csi.NodeServiceCapability_RPC_GET_VOLUME_STATS,
	}
	one := &csi.NodeServiceCapability{Type: &csi.NodeServiceCapability_Rpc{Rpc: rpc}}
	return &csi.NodeGetCapabilitiesResponse{Capabilities: []*csi.NodeServiceCapability{one}}, nil
}

// NodePublishVolume mounts the volume where a pod wants it. The kubelet makes the folder above.
func (d *driver) NodePublishVolume(
	_ context.Context, request *csi.NodePublishVolumeRequest,
) (*csi.NodePublishVolumeResponse, error) {
	target := request.GetTargetPath()
	if target == "" {
		return nil, status.Error(codes.InvalidArgument, "the request says no target")
	}
	if request.GetVolumeId() == "" {
		return nil, status.Error(codes.InvalidArgument, "the request names no volume")
	}
	if request.GetVolumeCapability() == nil {
		return nil, status.Error(codes.InvalidArgument, "the request says no capability of the volume")
	}
	if err := fault([]*csi.VolumeCapability{request.GetVolumeCapability()}); err != nil {
		return nil, err
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	if _, err := d.find(request.GetVolumeId()); err != nil {
		return nil, err
	}
	if err := publish(d.data(request.GetVolumeId()), target, request.GetReadonly()); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func publish(source, target string, readOnly bool) error {
	if err := os.MkdirAll(target, 0o750); err != nil {
		return err
	}
	there, err := mounted(target)
	if err != nil || there {
		return err
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		return &os.PathError{Op: "bind", Path: target, Err: err}
	}
	if readOnly {
		// A bind mount takes its flags only from a second call (mount(2)).
		flags := uintptr(unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY)
		if err := unix.Mount("", target, "", flags, ""); err != nil {
			return errors.Join(err, unix.Unmount(target, 0))
		}
	}
	return nil
}

func (d *driver) NodeUnpublishVolume(
	_ context.Context, request *csi.NodeUnpublishVolumeRequest,
) (*csi.NodeUnpublishVolumeResponse, error) {
	target := request.GetTargetPath()
	if request.GetVolumeId() == "" || target == "" {
		return nil, status.Error(codes.InvalidArgument, "a volume and its target are wanted")
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	// EINVAL: nothing is mounted there any more.
	if err := unix.Unmount(target, 0); err != nil && err != unix.EINVAL && err != unix.ENOENT {
		return nil, status.Errorf(codes.Internal, "unmount %s: %v", target, err)
	}
	// Not with what is in it: were the volume still mounted, that would be somebody's data.
	if err := os.Remove(target); err != nil && !os.IsNotExist(err) {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

// NodeGetVolumeStats tells of the file system that the volume is on: `kubectl get --raw
// /api/v1/nodes/NODE/proxy/stats/summary`.
func (d *driver) NodeGetVolumeStats(
	_ context.Context, request *csi.NodeGetVolumeStatsRequest,
) (*csi.NodeGetVolumeStatsResponse, error) {
	path := request.GetVolumePath()
	if request.GetVolumeId() == "" || path == "" {
		return nil, status.Error(codes.InvalidArgument, "a volume and its path are wanted")
	}
	if _, err := d.find(request.GetVolumeId()); err != nil {
		return nil, err
	}
	var found unix.Statfs_t
	if err := unix.Statfs(path, &found); err != nil {
		return nil, status.Errorf(codes.NotFound, "%s: %v", path, err)
	}
	size := int64(found.Bsize)
	return &csi.NodeGetVolumeStatsResponse{Usage: []*csi.VolumeUsage{
		{
			Unit:      csi.VolumeUsage_BYTES,
			Total:     int64(found.Blocks) * size,
			Available: int64(found.Bavail) * size,
			Used:      int64(found.Blocks-found.Bfree) * size,
		},
		{
			Unit:      csi.VolumeUsage_INODES,
			Total:     int64(found.Files),
			Available: int64(found.Ffree),
			Used:      int64(found.Files - found.Ffree),
		},
	}}, nil
}

// mounted says whether something is mounted at that path (proc_pid_mountinfo(5), field 5).
func mounted(path string) (bool, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return false, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) > 4 && words[4] == path {
			return true, nil
		}
	}
	return false, lines.Err()
}
