// csi-disk is a CSI driver (specification 1.11) for folders on a node's own disk, with the two
// sidecars that Kubernetes wants beside a driver. Each is a container of one DaemonSet: the driver,
// the registrar that tells the node's kubelet of it, and the provisioner that watches for claims.
// The sidecars know of the driver only what the specification says: its socket.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"google.golang.org/grpc"
	"k8s.io/klog/v2"
)

const (
	// name is what a StorageClass says as its provisioner.
	name    = "disk.csi.bench"
	version = "1.0.0"
	// topologyKey is the label of a node by which a volume tells where it is.
	topologyKey = "topology." + name + "/node"
)

func main() {
	socket := flag.String("socket", "/csi/csi.sock", "the driver's socket, as this process sees it")
	inNode := flag.String("kubelet-socket", "", "registrar: the same socket as the kubelet sees it")
	plugins := flag.String("plugins", "/registration", "registrar: the kubelet's folder for sockets")
	node := flag.String("node", os.Getenv("NODE"), "the name of this node")
	disk := flag.String("disk", "/disk", "driver: the folder that the volumes are in")
	words := os.Args[1:]
	if len(words) == 0 {
		fail(fmt.Errorf("say what to be: driver, registrar or provisioner"))
	}
	role := words[0]
	fail(flag.CommandLine.Parse(words[1:]))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	switch role {
	case "driver":
		fail(serve(ctx, *socket, func(s *grpc.Server) { newDriver(*node, *disk).register(s) }))
	case "registrar":
		own := filepath.Join(*plugins, name+"-reg.sock")
		reg := &registrar{endpoint: *inNode, refused: make(chan error, 1)}
		ctx, cancel := context.WithCancelCause(ctx)
		go func() { cancel(<-reg.refused) }()
		fail(waitFor(ctx, *socket))
		fail(serve(ctx, own, reg.register))
		fail(reg.failed())
	case "provisioner":
		fail(provision(ctx, *socket, *node))
	default:
		fail(fmt.Errorf("%q is not driver, registrar or provisioner", role))
	}
}

// serve answers on a Unix socket until ctx ends. A socket that is there is left over: each process
// has a path of its own.
func serve(ctx context.Context, path string, register func(*grpc.Server)) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(logged))
	register(server)
	go func() {
		<-ctx.Done()
		server.GracefulStop()
	}()
	klog.InfoS("answering", "socket", path)
	return server.Serve(listener)
}

// logged says each call and how it ended, so that `kubectl logs` shows what Kubernetes asks.
func logged(
	ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	answer, err := handler(ctx, request)
	if err != nil {
		klog.ErrorS(err, info.FullMethod, "request", request)
	} else {
		klog.InfoS(info.FullMethod, "request", request, "answer", answer)
	}
	return answer, err
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "csi-disk:", err)
		os.Exit(1)
	}
}
