// Package temporalserver runs a whole Temporal server inside the process, with
// its state in one SQLite file. It listens on loopback addresses only.
//
// It is the only package that depends on go.temporal.io/server, which takes
// minutes to build from nothing; everything else talks to it as a client.
package temporalserver

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

// Options say where a server keeps its state and what it serves.
type Options struct {
	// Dir is the folder for the SQLite file. No other server may use it.
	Dir string
	// Namespace is made when it is missing.
	Namespace string
	// Logger gets what the server says; nil drops it.
	Logger *slog.Logger
}

// A Server is a running Temporal server.
type Server struct {
	server  temporal.Server
	address string
}

const (
	loopback = "127.0.0.1"
	// clusterName is written into the SQLite file and can not change.
	clusterName = "active"
)

// services are the parts of a Temporal server; each listens on its own port.
var services = []primitives.ServiceName{
	primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
}

// Start starts a server and returns when it takes calls.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	db, err := openDatabase(o.Dir, o.Namespace)
	if err != nil {
		return nil, fmt.Errorf("temporal server: %w", err)
	}
	ports, err := freePorts(len(services) + 1)
	if err != nil {
		return nil, fmt.Errorf("temporal server: looking for free ports: %w", err)
	}
	server, err := build(o, db, ports)
	if err != nil {
		return nil, fmt.Errorf("temporal server: %w", err)
	}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("temporal server: starting: %w", err)
	}
	s := &Server{server: server, address: hostPort(ports[0])}
	if err := waitReady(ctx, s.address, o.Namespace); err != nil {
		s.Stop()
		return nil, fmt.Errorf("temporal server: %w", err)
	}
	return s, nil
}

// Address returns host:port of the server's frontend.
func (s *Server) Address() string { return s.address }

// Stop stops the server and returns when it has let go of its file.
func (s *Server) Stop() error { return s.server.Stop() }

func build(o Options, db *config.SQL, ports []int) (temporal.Server, error) {
	conf := serverConfig(db, ports)
	logger := logger{o.Logger}
	authorizer, err := authorization.GetAuthorizerFromConfig(&conf.Global.Authorization)
	if err != nil {
		return nil, err
	}
	claims, err := authorization.GetClaimMapperFromConfig(&conf.Global.Authorization, logger)
	if err != nil {
		return nil, err
	}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for i, name := range services {
		hosts[name] = static.SingleLocalHost(hostPort(ports[i]))
	}
	return temporal.NewServer(
		temporal.WithConfig(conf),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorizer),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return claims }),
		temporal.WithDynamicConfigClient(dynamicSettings()),
	)
}

// dynamicSettings fit one machine: a task queue in one piece is served at
// once, and nothing scans for the leftovers of a big cluster.
func dynamicSettings() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():           1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key():          1,
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key():                 4096,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key():      false,
		dynamicconfig.TaskQueueScannerEnabled.Key():                      false,
		dynamicconfig.HistoryScannerEnabled.Key():                        false,
	}
}

func serverConfig(db *config.SQL, ports []int) *config.Config {
	const store = "sqlite"
	frontend, http := ports[0], ports[len(services)]
	var c config.Config
	c.Global.Membership.BroadcastAddress = loopback
	c.Persistence = config.Persistence{
		DefaultStore:     store,
		VisibilityStore:  store,
		NumHistoryShards: 1,
		DataStores:       map[string]config.DataStore{store: {SQL: db}},
	}
	c.ClusterMetadata = &cluster.Config{
		FailoverVersionIncrement: 10,
		MasterClusterName:        clusterName,
		CurrentClusterName:       clusterName,
		ClusterInformation: map[string]cluster.ClusterInformation{clusterName: {
			Enabled:                true,
			InitialFailoverVersion: 1,
			RPCAddress:             hostPort(frontend),
			HTTPAddress:            hostPort(http),
			ClusterID:              "adapt",
		}},
	}
	c.DCRedirectionPolicy.Policy = "noop"
	c.Services = map[string]config.Service{}
	for i, name := range services {
		c.Services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: ports[i], BindOnIP: loopback}}
	}
	f := c.Services[string(primitives.FrontendService)]
	f.RPC.HTTPPort = http
	c.Services[string(primitives.FrontendService)] = f
	const off = "disabled"
	c.Archival.History.State, c.Archival.Visibility.State = off, off
	c.NamespaceDefaults.Archival.History.State, c.NamespaceDefaults.Archival.Visibility.State = off, off
	c.PublicClient.HostPort = hostPort(frontend)
	return &c
}

// freePorts returns n loopback ports that nothing listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", loopback+":0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all at the end, so that they are different ports
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func hostPort(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

// databasePath names the file after the schema's version: no server can read
// another version's file and nothing converts it. What runs made is in the
// registry, so a run that is started again on a new file goes on from there.
func databasePath(dir, version string) string {
	return filepath.Join(dir, "temporal-"+version+".db")
}
