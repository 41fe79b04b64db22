package main

import (
	"context"
	"fmt"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// registrar answers the kubelet, which looks into its folder for sockets such as this one's.
type registrar struct {
	registration.UnimplementedRegistrationServer
	endpoint string
	refused  chan error
	last     error
}

func (r *registrar) register(server *grpc.Server) {
	registration.RegisterRegistrationServer(server, r)
}

func (r *registrar) GetInfo(
	context.Context, *registration.InfoRequest,
) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type:              registration.CSIPlugin,
		Name:              name,
		Endpoint:          r.endpoint,
		SupportedVersions: []string{version},
	}, nil
}

// NotifyRegistrationStatus ends the process when the kubelet refused: started again, it is asked
// again.
func (r *registrar) NotifyRegistrationStatus(
	_ context.Context, told *registration.RegistrationStatus,
) (*registration.RegistrationStatusResponse, error) {
	if !told.PluginRegistered {
		r.last = fmt.Errorf("the kubelet refused the driver: %s", told.Error)
		select {
		case r.refused <- r.last:
		default:
		}
	}
	return &registration.RegistrationStatusResponse{}, nil
}

func (r *registrar) failed() error { return r.last }

// dial connects to a driver's socket; the first call waits for it.
func dial(socket string) (*grpc.ClientConn, error) {
	return grpc.NewClient("unix://"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
}

// waitFor returns once the driver says that it is well.
func waitFor(ctx context.Context, socket string) error {
	connection, err := dial(socket)
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err = csi.NewIdentityClient(connection).Probe(ctx, &csi.ProbeRequest{})
	return err
}
