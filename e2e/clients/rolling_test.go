package clients

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// rolling is one row of item 5: how many tasks, and the bounds in per cent.
type rolling struct{ desired, minimum, maximum int32 }

func (r rolling) name() string {
	return fmt.Sprintf("desired-%d-min-%d-max-%d", r.desired, r.minimum, r.maximum)
}

// lower and upper are the bounds in tasks (ecs-semantics.md §3.5).
func (r rolling) lower() int { return int((r.desired*r.minimum + 99) / 100) }
func (r rolling) upper() int { return int(r.desired * r.maximum / 100) }

// stuck is a pair of bounds that lets nothing start and nothing stop.
func (r rolling) stuck() bool { return r.lower() >= int(r.desired) && r.upper() <= int(r.desired) }

// §13.1 item 5: never above the upper bound, never below the lower one, one deployment left at the end.
func TestRollingUpdatesKeepTheirBounds(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	before, after := fargate(t, api, "rolling", httpd), fargate(t, api, "rolling", httpd+".2")
	var rows []rolling
	for _, bounds := range [][2]int32{{100, 200}, {50, 100}, {0, 100}, {100, 150}} {
		for desired := int32(1); desired <= 10; desired++ {
			rows = append(rows, rolling{desired, bounds[0], bounds[1]})
		}
	}
	for _, row := range rows {
		input := service(cluster, row.name(), before, row.desired)
		input.DeploymentConfiguration = &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(row.minimum), MaximumPercent: aws.Int32(row.maximum)}
		_, err := api.CreateService(t.Context(), input)
		must(t, err)
	}
	completed(t, api, cluster, rows, before)

	watching, stop := context.WithCancel(t.Context())
	var watchers sync.WaitGroup
	for _, row := range rows {
		watchers.Go(func() { watchBounds(watching, t, api, cluster, row) })
	}
	for _, row := range rows {
		_, err := api.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String(cluster), Service: aws.String(row.name()), TaskDefinition: aws.String(after)})
		must(t, err)
	}
	completed(t, api, cluster, slices.DeleteFunc(slices.Clone(rows), rolling.stuck), after)
	for _, row := range rows {
		if row.stuck() {
			eventually(t, row.name()+" says that it is stuck", func() (bool, string) {
				events := strings.Join(messages(describe(t.Context(), t, api, cluster, row.name())), "\n")
				return strings.Contains(events, "was unable to stop or start tasks during a deployment because of the service deployment configuration."), events
			})
		}
	}
	stop()
	watchers.Wait()
}

// completed waits until each service has one deployment left, COMPLETED, of this definition.
func completed(t *testing.T, api *ecs.Client, cluster string, rows []rolling, definition string) {
	t.Helper()
	for _, row := range rows {
		eventually(t, row.name(), func() (bool, string) {
			seen := describe(t.Context(), t, api, cluster, row.name())
			var states []string
			for _, deployment := range seen.Deployments {
				states = append(states, fmt.Sprintf("%s %s %d/%d", aws.ToString(deployment.Status), deployment.RolloutState, deployment.RunningCount, deployment.DesiredCount))
			}
			last := seen.Deployments[0]
			done := len(seen.Deployments) == 1 && last.RolloutState == types.DeploymentRolloutStateCompleted && aws.ToString(last.TaskDefinition) == definition
			return done && seen.RunningCount == row.desired, strings.Join(states, ", ")
		})
	}
}

// watchBounds counts the tasks that are meant to run, again and again. All of one answer of DescribeTasks is one moment of the backend.
func watchBounds(ctx context.Context, t *testing.T, api *ecs.Client, cluster string, row rolling) {
	for ctx.Err() == nil {
		started, running, err := count(ctx, api, cluster, row.name())
		if err == nil && started > row.upper() {
			t.Errorf("%s: %d tasks started, the upper bound is %d", row.name(), started, row.upper())
		}
		if err == nil && running < row.lower() {
			t.Errorf("%s: %d tasks run, the lower bound is %d", row.name(), running, row.lower())
		}
		if err != nil && ctx.Err() == nil {
			t.Errorf("%s: %v", row.name(), err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// count is how many tasks of a service are meant to run, and how many of these do.
func count(ctx context.Context, api *ecs.Client, cluster, name string) (started, running int, err error) {
	listed, err := api.ListTasks(ctx, &ecs.ListTasksInput{Cluster: aws.String(cluster), ServiceName: aws.String(name)})
	if err != nil || len(listed.TaskArns) == 0 {
		return 0, 0, err
	}
	seen, err := api.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: listed.TaskArns})
	if err != nil {
		return 0, 0, err
	}
	for _, task := range seen.Tasks {
		if aws.ToString(task.DesiredStatus) == "RUNNING" && aws.ToString(task.LastStatus) != "STOPPED" {
			started++
			if aws.ToString(task.LastStatus) == "RUNNING" {
				running++
			}
		}
	}
	return started, running, nil
}
