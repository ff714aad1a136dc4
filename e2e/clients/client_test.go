package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

// patience is how long anything may take in the backend's fast timing. It is a limit, not a wait.
const patience = 90 * time.Second

// client is an SDK client of the backend, with retries off so that every error is seen.
func client(t *testing.T) *ecs.Client {
	t.Helper()
	endpoint := os.Getenv("ECS_ENDPOINT")
	if endpoint == "" {
		t.Skip("ECS_ENDPOINT is not set: run `cargo xtask test clients`")
	}
	return ecs.New(ecs.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer:      aws.NopRetryer{},
		HTTPClient:   &sender,
	})
}

// sender keeps a connection for each of the watchers of a test.
var sender = ownBodies{http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}

// ownBodies sends what the SDK made with a body of its own. smithy-go closes its body as soon as there is an answer; where net/http has
// not yet looked for the end of that body, its WriteTo then says io.EOF, which net/http takes for a failed request, and closes the
// connection while the answer is read ("use of closed network connection").
type ownBodies struct{ http.Client }

func (o *ownBodies) Do(request *http.Request) (*http.Response, error) {
	if request.Body == nil {
		return o.Client.Do(request)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	own := request.Clone(request.Context())
	own.Body = io.NopCloser(bytes.NewReader(body))
	return o.Client.Do(own)
}

// advance moves the backend's clock, for what takes long even in its fast timing.
func advance(t *testing.T, seconds int) {
	t.Helper()
	url := fmt.Sprintf("%s/_backend/clock/advance?seconds=%d", os.Getenv("ECS_ENDPOINT"), seconds)
	answer, err := http.Post(url, "", nil)
	must(t, err)
	_ = answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		t.Fatalf("POST %s: %s", url, answer.Status)
	}
}

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks an error's code and that its message holds a text.
func refused(t *testing.T, err error, code, text string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("want %s, got %v", code, err)
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Fatalf("want %s with %q, got %s: %s", code, text, api.ErrorCode(), api.ErrorMessage())
	}
}

// eventually asks until the answer is yes; the condition says what it saw.
func eventually(t *testing.T, what string, condition func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		done, seen := condition()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s; last seen: %s", what, patience, seen)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// newCluster makes a cluster for one test. Its name is the test's.
func newCluster(t *testing.T, api *ecs.Client) string {
	t.Helper()
	name := strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())
	made, err := api.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String(name)})
	must(t, err)
	if status := aws.ToString(made.Cluster.Status); status != "ACTIVE" {
		eventually(t, "the cluster becomes ACTIVE", func() (bool, string) {
			seen, err := api.DescribeClusters(t.Context(), &ecs.DescribeClustersInput{Clusters: []string{name}})
			must(t, err)
			status := aws.ToString(seen.Clusters[0].Status)
			return status == "ACTIVE", status
		})
	}
	return name
}

// fargate registers a definition of one container that runs until it is stopped.
func fargate(t *testing.T, api *ecs.Client, family, image string) string {
	t.Helper()
	made, err := api.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family:                  aws.String(family),
		NetworkMode:             types.NetworkModeAwsvpc,
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		Cpu:                     aws.String("256"),
		Memory:                  aws.String("512"),
		ContainerDefinitions:    []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String(image)}},
	})
	must(t, err)
	return aws.ToString(made.TaskDefinition.TaskDefinitionArn)
}

// network is the network configuration of the seeds' service.
func network() *types.NetworkConfiguration {
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
		Subnets:        []string{"subnet-abc123", "subnet-def456"},
		SecurityGroups: []string{"sg-123abc"},
		AssignPublicIp: types.AssignPublicIpEnabled,
	}}
}

// service is a Fargate service's create input.
func service(cluster, name, definition string, count int32) *ecs.CreateServiceInput {
	return &ecs.CreateServiceInput{
		Cluster: aws.String(cluster), ServiceName: aws.String(name), TaskDefinition: aws.String(definition), DesiredCount: aws.Int32(count),
		LaunchType: types.LaunchTypeFargate, NetworkConfiguration: network(),
	}
}

// describe reads one service.
func describe(ctx context.Context, t *testing.T, api *ecs.Client, cluster, name string) types.Service {
	t.Helper()
	seen, err := api.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(cluster), Services: []string{name}})
	must(t, err)
	if len(seen.Services) != 1 {
		t.Fatalf("service %s: %d found, failures %v", name, len(seen.Services), seen.Failures)
	}
	return seen.Services[0]
}

// stable waits with the SDK's own waiter.
func stable(t *testing.T, api *ecs.Client, cluster string, names ...string) {
	t.Helper()
	waiter := ecs.NewServicesStableWaiter(api, func(options *ecs.ServicesStableWaiterOptions) {
		options.MinDelay, options.MaxDelay = 50*time.Millisecond, 200*time.Millisecond
	})
	for names := range slices.Chunk(names, 10) {
		must(t, waiter.Wait(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String(cluster), Services: names}, patience))
	}
}

// messages are a service's events, oldest first.
func messages(service types.Service) []string {
	var all []string
	for _, event := range service.Events {
		all = append(all, aws.ToString(event.Message))
	}
	slices.Reverse(all)
	return all
}
