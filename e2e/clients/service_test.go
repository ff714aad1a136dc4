package clients

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const httpd = "public.ecr.aws/docker/library/httpd:latest"

// §13.1 item 4: a REPLICA service of three reaches steady state; its events are in ECS's order; creating it again is idempotent, or refused.
func TestServiceReachesSteadyState(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	definition := fargate(t, api, "steady", httpd)
	made, err := api.CreateService(t.Context(), service(cluster, "web", definition, 3))
	must(t, err)
	if got := made.Service; aws.ToString(got.Status) != "ACTIVE" || got.RunningCount != 0 || len(got.Deployments) != 1 || len(got.Events) != 0 {
		t.Fatalf("a new service: status %s, running %d, %d deployments, %d events", aws.ToString(got.Status), got.RunningCount, len(got.Deployments), len(got.Events))
	}
	if rollout := made.Service.Deployments[0]; aws.ToString(rollout.Status) != "PRIMARY" || rollout.RolloutState != types.DeploymentRolloutStateInProgress {
		t.Fatalf("its deployment: %s %s", aws.ToString(rollout.Status), rollout.RolloutState)
	}
	stable(t, api, cluster, "web")

	var seen types.Service
	eventually(t, "the rollout is COMPLETED and steady", func() (bool, string) {
		seen = describe(t.Context(), t, api, cluster, "web")
		state := seen.Deployments[0].RolloutState
		return state == types.DeploymentRolloutStateCompleted && strings.Contains(strings.Join(messages(seen), "\n"), "steady state"), string(state)
	})
	order := []string{
		`^\(service web\) has started \d+ tasks: (\(task [0-9a-f]{32}\) ?)+\.$`,
		`^\(service web\) \(deployment ecs-svc/\d+\) deployment completed\.$`,
		`^\(service web\) has reached a steady state\.$`,
	}
	next := 0
	for _, message := range messages(seen) {
		if next < len(order) && regexp.MustCompile(order[next]).MatchString(message) {
			next++
		}
	}
	if next < len(order) {
		t.Fatalf("no event matches %s in this place; events:\n%s", order[next], strings.Join(messages(seen), "\n"))
	}

	again, err := api.CreateService(t.Context(), service(cluster, "web", definition, 3))
	must(t, err)
	if aws.ToString(again.Service.ServiceArn) != aws.ToString(made.Service.ServiceArn) || again.Service.RunningCount != 3 {
		t.Fatalf("created again: %s running %d", aws.ToString(again.Service.ServiceArn), again.Service.RunningCount)
	}
	_, err = api.CreateService(t.Context(), service(cluster, "web", definition, 4))
	refused(t, err, "InvalidParameterException", "Creation of service was not idempotent.")
}

// The tasks of a service can be listed, and tell where and why they run.
func TestServiceTasks(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	_, err := api.CreateService(t.Context(), service(cluster, "web", fargate(t, api, "tasks", httpd), 3))
	must(t, err)
	stable(t, api, cluster, "web")
	var arns []string
	pages := ecs.NewListTasksPaginator(api, &ecs.ListTasksInput{Cluster: aws.String(cluster), ServiceName: aws.String("web"), MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		arns = append(arns, page.TaskArns...)
	}
	if len(arns) != 3 {
		t.Fatalf("%d tasks in pages of two", len(arns))
	}
	seen, err := api.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: append(arns, "0123456789abcdef0123456789abcdef")})
	must(t, err)
	if len(seen.Failures) != 1 || aws.ToString(seen.Failures[0].Reason) != "MISSING" {
		t.Fatalf("failures: %+v", seen.Failures)
	}
	deployment := aws.ToString(describe(t.Context(), t, api, cluster, "web").Deployments[0].Id)
	for _, task := range seen.Tasks {
		if aws.ToString(task.LastStatus) != "RUNNING" || task.LaunchType != types.LaunchTypeFargate || aws.ToString(task.Group) != "service:web" || aws.ToString(task.StartedBy) != deployment {
			t.Errorf("task: %s %s %s %s", aws.ToString(task.LastStatus), task.LaunchType, aws.ToString(task.Group), aws.ToString(task.StartedBy))
		}
		if len(task.Attachments) != 1 || aws.ToString(task.Attachments[0].Type) != "ElasticNetworkInterface" || aws.ToString(task.Attachments[0].Status) != "ATTACHED" {
			t.Errorf("attachments: %+v", task.Attachments)
		}
		if task.StartedAt == nil || task.StartedAt.Before(*task.CreatedAt) {
			t.Errorf("created %v, started %v", task.CreatedAt, task.StartedAt)
		}
	}
}

// The pair of the second seed: its definition without a network mode cannot run on Fargate (ecs-semantics.md §12 row 87).
func TestServiceNeedsACompatibleDefinition(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	made, err := api.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("my-app-task"),
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("my-app-container"), Image: aws.String("my-app-image:latest"), Memory: aws.Int32(512), Cpu: 256, Essential: aws.Bool(true),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80), HostPort: aws.Int32(80)}},
		}},
	})
	must(t, err)
	input := service(cluster, "my-app-service", aws.ToString(made.TaskDefinition.TaskDefinitionArn), 3)
	_, err = api.CreateService(t.Context(), input)
	refused(t, err, "InvalidParameterException", "Task definition does not support launch_type FARGATE.")
}

// §13.1 item 12: deleting at two is refused; force drains and ends INACTIVE; the name is free only then.
func TestServiceDeletion(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	definition := fargate(t, api, "deletion", httpd)
	_, err := api.CreateService(t.Context(), service(cluster, "web", definition, 2))
	must(t, err)
	stable(t, api, cluster, "web")
	_, err = api.DeleteService(t.Context(), &ecs.DeleteServiceInput{Cluster: aws.String(cluster), Service: aws.String("web")})
	refused(t, err, "InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")

	gone, err := api.DeleteService(t.Context(), &ecs.DeleteServiceInput{Cluster: aws.String(cluster), Service: aws.String("web"), Force: aws.Bool(true)})
	must(t, err)
	if status := aws.ToString(gone.Service.Status); status != "DRAINING" {
		t.Fatalf("deleted with force, the service is %s", status)
	}
	_, err = api.CreateService(t.Context(), service(cluster, "web", definition, 1))
	refused(t, err, "InvalidParameterException", "Unable to Start a service that is still Draining.")
	listed, err := api.ListServices(t.Context(), &ecs.ListServicesInput{Cluster: aws.String(cluster)})
	must(t, err)
	if len(listed.ServiceArns) != 0 {
		t.Fatalf("a DRAINING service is listed: %v", listed.ServiceArns)
	}

	waiter := ecs.NewServicesInactiveWaiter(api, func(options *ecs.ServicesInactiveWaiterOptions) {
		options.MinDelay, options.MaxDelay = 50*time.Millisecond, 200*time.Millisecond
	})
	must(t, waiter.Wait(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String(cluster), Services: []string{"web"}}, patience))
	anew, err := api.CreateService(t.Context(), service(cluster, "web", definition, 1))
	must(t, err)
	if !anew.Service.CreatedAt.After(*gone.Service.CreatedAt) || len(anew.Service.Events) != 0 {
		t.Fatalf("made anew: created %v after %v, %d events", anew.Service.CreatedAt, gone.Service.CreatedAt, len(anew.Service.Events))
	}
	stable(t, api, cluster, "web")
}
