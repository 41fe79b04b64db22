package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A volume's name becomes the name of its folder.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// unsaid is the size of a volume whose request names none.
const unsaid = 1 << 20

// driver keeps each volume as DISK/ID/data, with what was asked of it in DISK/ID/volume.json. The
// size is noted and not enforced, as csi-driver-host-path does: a folder has no limit of its own.
type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedNodeServer
	node, disk string
	// The kubelet and a provisioner may ask for one volume at the same time.
	lock sync.Mutex
}

type volume struct {
	Bytes int64 `json:"bytes"`
}

func newDriver(node, disk string) *driver { return &driver{node: node, disk: disk} }

func (d *driver) register(server *grpc.Server) {
	csi.RegisterIdentityServer(server, d)
	csi.RegisterControllerServer(server, d)
	csi.RegisterNodeServer(server, d)
}

func (d *driver) data(id string) string { return filepath.Join(d.disk, id, "data") }

func (d *driver) note(id string) string { return filepath.Join(d.disk, id, "volume.json") }

// find reads what is known of a volume. NotFound for one that is not there.
func (d *driver) find(id string) (volume, error) {
	var found volume
	if id == "" {
		return found, status.Error(codes.InvalidArgument, "the request names no volume")
	}
	if !nameForm.MatchString(id) {
		return found, status.Errorf(codes.NotFound, "no volume %q is on %s", id, d.node)
	}
	text, err := os.ReadFile(d.note(id))
	if errors.Is(err, os.ErrNotExist) {
		return found, status.Errorf(codes.NotFound, "no volume %q is on %s", id, d.node)
	}
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		return found, status.Error(codes.Internal, err.Error())
	}
	return found, nil
}

// fault says why a volume cannot be used as is asked; nil when it can.
func fault(wanted []*csi.VolumeCapability) error {
	if len(wanted) == 0 {
		return status.Error(codes.InvalidArgument, "the request says no capability of the volume")
	}
	for _, one := range wanted {
		if one.GetMount() == nil {
			return status.Error(codes.InvalidArgument, "a volume here is a folder, no block device")
		}
		switch one.GetAccessMode().GetMode() {
		case csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER,
			csi.VolumeCapability_AccessMode_SINGLE_NODE_READER_ONLY,
			csi.VolumeCapability_AccessMode_SINGLE_NODE_SINGLE_WRITER,
			csi.VolumeCapability_AccessMode_SINGLE_NODE_MULTI_WRITER:
		default:
			return status.Error(codes.InvalidArgument, "a volume here is on one node only")
		}
	}
	return nil
}

// Identity.

func (d *driver) GetPluginInfo(
	context.Context, *csi.GetPluginInfoRequest,
) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: name, VendorVersion: version}, nil
}

func (d *driver) GetPluginCapabilities(
	context.Context, *csi.GetPluginCapabilitiesRequest,
) (*csi.GetPluginCapabilitiesResponse, error) {
	answer := &csi.GetPluginCapabilitiesResponse{}
	for _, one := range []csi.PluginCapability_Service_Type{
		csi.PluginCapability_Service_CONTROLLER_SERVICE,
		csi.PluginCapability_Service_VOLUME_ACCESSIBILITY_CONSTRAINTS,
	} {
		service := &csi.PluginCapability_Service{Type: one}
		answer.Capabilities = append(answer.Capabilities, &csi.PluginCapability{
			Type: &csi.PluginCapability_Service_{Service: service},
		})
	}
	return answer, nil
}

func (d *driver) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{}, nil
}

// Controller.

func (d *driver) ControllerGetCapabilities(
	context.Context, *csi.ControllerGetCapabilitiesRequest,
) (*csi.ControllerGetCapabilitiesResponse, error) {
	rpc := &csi.ControllerServiceCapability_RPC{
		Type: csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
	}
	one := &csi.ControllerServiceCapability{Type: &csi.ControllerServiceCapability_Rpc{Rpc: rpc}}
	return &csi.ControllerGetCapabilitiesResponse{
		Capabilities: []*csi.ControllerServiceCapability{one},
	}, nil
}

// CreateVolume makes the folder. A second call with the same name and size changes nothing.
func (d *driver) CreateVolume(
	_ context.Context, request *csi.CreateVolumeRequest,
) (*csi.CreateVolumeResponse, error) {
	id := request.GetName()
	if !nameForm.MatchString(id) {
		return nil, status.Errorf(codes.InvalidArgument, "%q can be no volume's name", id)
	}
	if err := fault(request.GetVolumeCapabilities()); err != nil {
		return nil, err
	}
	if request.GetVolumeContentSource() != nil {
		return nil, status.Error(codes.InvalidArgument, "a volume here begins empty")
	}
	if !d.reaches(request.GetAccessibilityRequirements()) {
		return nil, status.Errorf(codes.ResourceExhausted, "%s is not where it is wanted", d.node)
	}
	least, most := request.GetCapacityRange().GetRequiredBytes(), request.GetCapacityRange().GetLimitBytes()
	bytes := max(least, unsaid)
	if least == 0 && most > 0 {
		bytes = most
	}
	if most > 0 && bytes > most {
		return nil, status.Errorf(codes.OutOfRange, "%d bytes are above the limit", bytes)
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	found, err := d.find(id)
	switch {
	case status.Code(err) == codes.NotFound:
		if err := d.make(id, volume{Bytes: bytes}); err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
		found = volume{Bytes: bytes}
	case err != nil:
		return nil, err
	case found.Bytes < least || (most > 0 && found.Bytes > most):
		return nil, status.Errorf(codes.AlreadyExists, "%s is there, of %d bytes", id, found.Bytes)
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{
		VolumeId:           id,
		CapacityBytes:      found.Bytes,
		VolumeContext:      request.GetParameters(),
		AccessibleTopology: []*csi.Topology{d.topology()},
	}}, nil
}

// make writes the note last: without it there is no volume, whatever a crash left.
func (d *driver) make(id string, wanted volume) error {
	if err := os.MkdirAll(d.data(id), 0o777); err != nil {
		return err
	}
	// A pod's user is anybody; the umask took the bit.
	if err := os.Chmod(d.data(id), 0o777); err != nil {
		return err
	}
	text, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	fresh := d.note(id) + ".new"
	if err := os.WriteFile(fresh, text, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, d.note(id))
}

func (d *driver) DeleteVolume(
	_ context.Context, request *csi.DeleteVolumeRequest,
) (*csi.DeleteVolumeResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	id := request.GetVolumeId()
	if id == "" {
		return nil, status.Error(codes.InvalidArgument, "the request names no volume")
	}
	// One that is gone is no error, nor one that can never have been.
	if nameForm.MatchString(id) {
		if err := os.RemoveAll(filepath.Join(d.disk, id)); err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
	}
	return &csi.DeleteVolumeResponse{}, nil
}

func (d *driver) ValidateVolumeCapabilities(
	_ context.Context, request *csi.ValidateVolumeCapabilitiesRequest,
) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	wanted := request.GetVolumeCapabilities()
	if request.GetVolumeId() == "" || len(wanted) == 0 {
		return nil, status.Error(codes.InvalidArgument, "a volume and its capabilities are wanted")
	}
	if _, err := d.find(request.GetVolumeId()); err != nil {
		return nil, err
	}
	if err := fault(wanted); err != nil {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: status.Convert(err).Message()}, nil
	}
	return &csi.ValidateVolumeCapabilitiesResponse{
		Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{VolumeCapabilities: wanted},
	}, nil
}

func (d *driver) topology() *csi.Topology {
	return &csi.Topology{Segments: map[string]string{topologyKey: d.node}}
}

// reaches says whether this node is among those that a volume may be on.
func (d *driver) reaches(wanted *csi.TopologyRequirement) bool {
	for _, one := range wanted.GetRequisite() {
		if one.GetSegments()[topologyKey] == d.node {
			return true
		}
	}
	return len(wanted.GetRequisite()) == 0
}
