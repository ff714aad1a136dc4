package clients

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const unpullable = "registry.invalid/app:latest"

func breaker(rollback bool, threshold *types.ThresholdConfiguration) *types.DeploymentConfiguration {
	return &types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: rollback, ThresholdConfiguration: threshold}}
}

// §13.1 item 6: the breaker opens at the thresholds of ecs-semantics.md §3.9, not before; with nothing to go back to, the service stalls.
func TestBreakerThresholds(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	definition := fargate(t, api, "thresholds", unpullable)
	of := func(kind types.ThresholdType, value int32) *types.ThresholdConfiguration {
		return &types.ThresholdConfiguration{Type: kind, Value: value}
	}
	for _, row := range []struct {
		name      string
		desired   int32
		threshold *types.ThresholdConfiguration
		failures  int32
	}{
		{"default-1", 1, nil, 3},
		{"default-5", 5, nil, 3},
		{"default-6", 6, nil, 3},
		{"default-7", 7, nil, 4},
		{"default-25", 25, nil, 13},
		{"percent-20-of-25", 25, of(types.ThresholdTypeBoundedPercent, 20), 5},
		{"unbounded-50-of-4", 4, of(types.ThresholdTypeUnboundedPercent, 50), 2},
		{"count-5-of-2", 2, of(types.ThresholdTypeCount, 5), 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			input := service(cluster, row.name, definition, row.desired)
			input.DeploymentConfiguration = breaker(true, row.threshold)
			_, err := api.CreateService(t.Context(), input)
			must(t, err)
			failed := int32(0)
			eventually(t, "the breaker opens", func() (bool, string) {
				seen := describe(t.Context(), t, api, cluster, row.name)
				deployment := seen.Deployments[0]
				if deployment.RolloutState == types.DeploymentRolloutStateInProgress && deployment.FailedTasks >= row.failures {
					t.Fatalf("%d tasks failed and the breaker is closed", deployment.FailedTasks)
				}
				failed = deployment.FailedTasks
				if deployment.RolloutState != types.DeploymentRolloutStateFailed {
					advance(t, 1)
					return false, fmt.Sprintf("%s, %d failed", deployment.RolloutState, failed)
				}
				if reason := aws.ToString(deployment.RolloutStateReason); reason != "ECS deployment circuit breaker: tasks failed to start." {
					t.Errorf("the reason is %q", reason)
				}
				return true, ""
			})
			if failed < row.failures {
				t.Errorf("the breaker opened after %d failures, not %d", failed, row.failures)
			}
			stalls(t, api, cluster, row.name)
		})
	}
}

// stalls checks that a FAILED service without anything to go back to starts no more tasks.
func stalls(t *testing.T, api *ecs.Client, cluster, name string) {
	t.Helper()
	started := func() int {
		all := 0
		for _, message := range messages(describe(t.Context(), t, api, cluster, name)) {
			all += strings.Count(message, "(task ")
		}
		return all
	}
	before := started()
	advance(t, 3600)
	if after := started(); after != before {
		t.Errorf("stalled, it started %d more tasks", after-before)
	}
	if events := strings.Join(messages(describe(t.Context(), t, api, cluster, name)), "\n"); !strings.Contains(events, "deployment failed: tasks failed to start.") {
		t.Errorf("no event says that the deployment failed:\n%s", events)
	}
}

// §13.1 item 6: a failing update goes back to the last deployment that was COMPLETED, and tells why its tasks stopped.
func TestBreakerRollsBack(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	good, bad := fargate(t, api, "rolls-back", httpd), fargate(t, api, "rolls-back", unpullable)
	input := service(cluster, "web", good, 2)
	input.DeploymentConfiguration = breaker(true, nil)
	_, err := api.CreateService(t.Context(), input)
	must(t, err)
	rolledOut := func(definition string) func() (bool, string) {
		return func() (bool, string) {
			seen := describe(t.Context(), t, api, cluster, "web")
			last := seen.Deployments[0]
			done := len(seen.Deployments) == 1 && last.RolloutState == types.DeploymentRolloutStateCompleted && aws.ToString(last.TaskDefinition) == definition
			if !done {
				advance(t, 1)
			}
			return done, fmt.Sprintf("%d deployments, the first is %s: %s", len(seen.Deployments), last.RolloutState, aws.ToString(last.RolloutStateReason))
		}
	}
	eventually(t, "the good revision is rolled out", rolledOut(good))
	_, err = api.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String(cluster), Service: aws.String("web"), TaskDefinition: aws.String(bad)})
	must(t, err)
	eventually(t, "the service rolls back", func() (bool, string) {
		advance(t, 1)
		events := strings.Join(messages(describe(t.Context(), t, api, cluster, "web")), "\n")
		return strings.Contains(events, "rolling back to deployment ecs-svc/"), events
	})
	eventually(t, "the good revision is back", rolledOut(good))
	if running := describe(t.Context(), t, api, cluster, "web").RunningCount; running != 2 {
		t.Errorf("%d tasks run after the rollback", running)
	}
	deploymentsTell(t, api, cluster)
	stoppedTasksTell(t, api, cluster)
}

func deploymentsTell(t *testing.T, api *ecs.Client, cluster string) {
	t.Helper()
	listed, err := api.ListServiceDeployments(t.Context(), &ecs.ListServiceDeploymentsInput{Cluster: aws.String(cluster), Service: aws.String("web")})
	must(t, err)
	var states []types.ServiceDeploymentStatus
	for _, deployment := range listed.ServiceDeployments {
		states = append(states, deployment.Status)
	}
	if !slices.Contains(states, types.ServiceDeploymentStatusRollbackSuccessful) {
		t.Errorf("the service deployments are %v", states)
	}
}

func stoppedTasksTell(t *testing.T, api *ecs.Client, cluster string) {
	t.Helper()
	listed, err := api.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: aws.String(cluster), ServiceName: aws.String("web"), DesiredStatus: types.DesiredStatusStopped})
	must(t, err)
	if len(listed.TaskArns) == 0 {
		t.Fatal("no stopped task is listed")
	}
	seen, err := api.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: listed.TaskArns})
	must(t, err)
	failed := 0
	for _, task := range seen.Tasks {
		if task.StopCode == types.TaskStopCodeTaskFailedToStart && strings.HasPrefix(aws.ToString(task.StoppedReason), "CannotPullContainerError") {
			failed++
		}
	}
	if failed == 0 {
		t.Errorf("no stopped task says that its image could not be pulled; the first is %s: %s", seen.Tasks[0].StopCode, aws.ToString(seen.Tasks[0].StoppedReason))
	}
}
