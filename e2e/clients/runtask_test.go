package clients

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// §13.1 item 11: eleven are too many.
func TestRunTaskCount(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	register(t, api, cluster, fleet(1, "us-east-1a")...)
	_, err := api.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String(cluster), TaskDefinition: aws.String(onEC2(t, api, "run-count")), Count: aws.Int32(11), LaunchType: types.LaunchTypeEc2})
	refused(t, err, "InvalidParameterException", "")
}

// §13.1 item 11: ten asked for with room for four are four tasks, and failures, and no error.
func TestRunTaskPartly(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	definition := onEC2(t, api, "run-partly")
	_, err := api.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String(cluster), TaskDefinition: aws.String(definition), LaunchType: types.LaunchTypeEc2})
	refused(t, err, "InvalidParameterException", "No Container Instances were found in your cluster.")

	register(t, api, cluster, machine{id: "i-0000000000000000a", kind: "t3.medium", zone: "us-east-1a", cpu: 1024, memory: 16384})
	ran, err := api.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String(cluster), TaskDefinition: aws.String(definition), Count: aws.Int32(10), LaunchType: types.LaunchTypeEc2})
	must(t, err)
	if len(ran.Tasks) != 4 || len(ran.Failures) == 0 {
		t.Fatalf("%d tasks, failures %+v", len(ran.Tasks), ran.Failures)
	}
	if reason := aws.ToString(ran.Failures[0].Reason); reason != "RESOURCE:CPU" {
		t.Errorf("the reason is %s", reason)
	}
	for _, task := range ran.Tasks {
		if aws.ToString(task.Group) != "family:run-partly" || aws.ToString(task.DesiredStatus) != "RUNNING" {
			t.Errorf("group %s, desired %s", aws.ToString(task.Group), aws.ToString(task.DesiredStatus))
		}
	}
}

// §13.1 item 11: a token gives the same tasks again, and conflicts with other parameters.
func TestRunTaskToken(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	register(t, api, cluster, fleet(1, "us-east-1a")...)
	input := ecs.RunTaskInput{Cluster: aws.String(cluster), TaskDefinition: aws.String(onEC2(t, api, "run-token")), Count: aws.Int32(2), LaunchType: types.LaunchTypeEc2, ClientToken: aws.String("run-token-1")}
	first, err := api.RunTask(t.Context(), &input)
	must(t, err)
	replayed, err := api.RunTask(t.Context(), &input)
	must(t, err)
	if got, want := arns(replayed.Tasks), arns(first.Tasks); len(want) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("replayed: %v, not %v", got, want)
	}
	input.Count = aws.Int32(1)
	_, err = api.RunTask(t.Context(), &input)
	refused(t, err, "ConflictException", "")
}

// Tasks end as their containers do, and say how (ecs-semantics.md §4.2; design.md §5 for what a command does).
func TestTasksEnd(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	for _, row := range []struct {
		name    string
		command []string
		stop    bool
		code    types.TaskStopCode
		reason  string
		exit    *int32
	}{
		{"succeeds", []string{"true"}, false, types.TaskStopCodeEssentialContainerExited, "Essential container in task exited", aws.Int32(0)},
		{"fails", []string{"sh", "-c", "sleep 1; exit 3"}, false, types.TaskStopCodeEssentialContainerExited, "Essential container in task exited", aws.Int32(3)},
		{"stopped", nil, true, types.TaskStopCodeUserInitiated, "enough", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			made, err := api.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
				Family: aws.String("ends-" + row.name), NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
				RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
				ContainerDefinitions:    []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("app"), Command: row.command}},
			})
			must(t, err)
			ran, err := api.RunTask(t.Context(), &ecs.RunTaskInput{
				Cluster: aws.String(cluster), TaskDefinition: made.TaskDefinition.TaskDefinitionArn, LaunchType: types.LaunchTypeFargate, NetworkConfiguration: network(),
			})
			must(t, err)
			describe := &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: arns(ran.Tasks)}
			if row.stop {
				running := ecs.NewTasksRunningWaiter(api, func(o *ecs.TasksRunningWaiterOptions) {
					o.MinDelay, o.MaxDelay = 50*time.Millisecond, 200*time.Millisecond
				})
				must(t, running.Wait(t.Context(), describe, patience))
				_, err = api.StopTask(t.Context(), &ecs.StopTaskInput{Cluster: aws.String(cluster), Task: ran.Tasks[0].TaskArn, Reason: aws.String(row.reason)})
				must(t, err)
			}
			stopped := ecs.NewTasksStoppedWaiter(api, func(o *ecs.TasksStoppedWaiterOptions) {
				o.MinDelay, o.MaxDelay = 50*time.Millisecond, 200*time.Millisecond
			})
			must(t, stopped.Wait(t.Context(), describe, patience))
			seen, err := api.DescribeTasks(t.Context(), describe)
			must(t, err)
			task := seen.Tasks[0]
			if task.StopCode != row.code || aws.ToString(task.StoppedReason) != row.reason {
				t.Errorf("stopped: %s %q", task.StopCode, aws.ToString(task.StoppedReason))
			}
			if exit := task.Containers[0].ExitCode; row.exit != nil && (exit == nil || *exit != *row.exit) {
				t.Errorf("exit code %v, not %d", exit, *row.exit)
			}
		})
	}
}

func arns(tasks []types.Task) []string {
	var all []string
	for _, task := range tasks {
		all = append(all, aws.ToString(task.TaskArn))
	}
	return all
}
