package main

import (
	"context"
	"fmt"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const (
	selectedNode = "volume.kubernetes.io/selected-node"
	callSeconds  = 15 * time.Second
)

// provisioner has the driver of its own node make the volumes of claims that the scheduler gave to
// that node, as external-provisioner does with --node-deployment: no election, no queue in between.
type provisioner struct {
	node   string
	driver csi.ControllerClient
}

func provision(ctx context.Context, socket, node string) error {
	if err := waitFor(ctx, socket); err != nil {
		return err
	}
	connection, err := dial(socket)
	if err != nil {
		return err
	}
	defer connection.Close()
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	own := &provisioner{node: node, driver: csi.NewControllerClient(connection)}
	ctx = klog.NewContext(ctx, klog.Background())
	controller.NewProvisionController(
		ctx, client, name, own, controller.LeaderElection(false),
	).Run(ctx)
	return nil
}

// ShouldProvision: a claim of a class that binds at once names no node, and is nobody's here.
func (p *provisioner) ShouldProvision(_ context.Context, claim *v1.PersistentVolumeClaim) bool {
	return claim.Annotations[selectedNode] == p.node
}

// ShouldDelete: the folder is on one node only.
func (p *provisioner) ShouldDelete(_ context.Context, pv *v1.PersistentVolume) bool {
	if pv.Spec.CSI == nil || pv.Spec.CSI.Driver != name || pv.Spec.NodeAffinity == nil {
		return false
	}
	for _, term := range pv.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, one := range term.MatchExpressions {
			if one.Key == topologyKey && len(one.Values) == 1 && one.Values[0] == p.node {
				return true
			}
		}
	}
	return false
}

func (p *provisioner) Provision(
	ctx context.Context, options controller.ProvisionOptions,
) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC
	for _, mode := range claim.Spec.AccessModes {
		if mode != v1.ReadWriteOnce && mode != v1.ReadWriteOncePod {
			return nil, controller.ProvisioningFinished,
				fmt.Errorf("%s makes volumes for one node only, not %s", name, mode)
		}
	}
	here := &csi.Topology{Segments: map[string]string{topologyKey: p.node}}
	size := claim.Spec.Resources.Requests[v1.ResourceStorage]
	ctx, cancel := context.WithTimeout(ctx, callSeconds)
	defer cancel()
	made, err := p.driver.CreateVolume(ctx, &csi.CreateVolumeRequest{
		Name:          options.PVName,
		CapacityRange: &csi.CapacityRange{RequiredBytes: size.Value()},
		Parameters:    options.StorageClass.Parameters,
		VolumeCapabilities: []*csi.VolumeCapability{{
			AccessType: &csi.VolumeCapability_Mount{Mount: &csi.VolumeCapability_MountVolume{}},
			AccessMode: &csi.VolumeCapability_AccessMode{
				Mode: csi.VolumeCapability_AccessMode_SINGLE_NODE_WRITER,
			},
		}},
		AccessibilityRequirements: &csi.TopologyRequirement{
			Requisite: []*csi.Topology{here}, Preferred: []*csi.Topology{here},
		},
	})
	if err != nil {
		// It may have been made before the answer was lost; asked again, it says so.
		state := controller.ProvisioningFinished
		switch status.Code(err) {
		case codes.DeadlineExceeded, codes.Unavailable, codes.Canceled:
			state = controller.ProvisioningInBackground
		}
		return nil, state, err
	}
	return p.volume(options, made.GetVolume()), controller.ProvisioningFinished, nil
}

func (p *provisioner) volume(
	options controller.ProvisionOptions, made *csi.Volume,
) *v1.PersistentVolume {
	var terms []v1.NodeSelectorTerm
	for _, one := range made.GetAccessibleTopology() {
		var term v1.NodeSelectorTerm
		for key, value := range one.GetSegments() {
			term.MatchExpressions = append(term.MatchExpressions, v1.NodeSelectorRequirement{
				Key: key, Operator: v1.NodeSelectorOpIn, Values: []string{value},
			})
		}
		terms = append(terms, term)
	}
	policy := v1.PersistentVolumeReclaimDelete
	if options.StorageClass.ReclaimPolicy != nil {
		policy = *options.StorageClass.ReclaimPolicy
	}
	filesystem := v1.PersistentVolumeFilesystem
	return &v1.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: *resource.NewQuantity(made.GetCapacityBytes(), resource.BinarySI)},
			PersistentVolumeReclaimPolicy: policy,
			MountOptions:                  options.StorageClass.MountOptions,
			VolumeMode:                    &filesystem,
			NodeAffinity: &v1.VolumeNodeAffinity{
				Required: &v1.NodeSelector{NodeSelectorTerms: terms},
			},
			PersistentVolumeSource: v1.PersistentVolumeSource{CSI: &v1.CSIPersistentVolumeSource{
				Driver:           name,
				VolumeHandle:     made.GetVolumeId(),
				VolumeAttributes: made.GetVolumeContext(),
			}},
		},
	}
}

func (p *provisioner) Delete(ctx context.Context, pv *v1.PersistentVolume) error {
	ctx, cancel := context.WithTimeout(ctx, callSeconds)
	defer cancel()
	request := &csi.DeleteVolumeRequest{VolumeId: pv.Spec.CSI.VolumeHandle}
	_, err := p.driver.DeleteVolume(ctx, request)
	return err
}
