package clients

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// sampleFargate is the definition of the first seed, word for word.
const sampleFargate = `{
  "family": "sample-fargate",
  "networkMode": "awsvpc",
  "containerDefinitions": [{
    "name": "fargate-app",
    "image": "public.ecr.aws/docker/library/httpd:latest",
    "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
    "essential": true,
    "entryPoint": ["sh", "-c"],
    "command": ["/bin/sh -c \"echo '<html> <head> <title>Amazon ECS Sample App</title> <style>body {margin-top: 40px; background-color: #333;} </style> </head><body> <div style=color:white;text-align:center> <h1>Amazon ECS Sample App</h1> <h2>Congratulations!</h2> <p>Your application is now running on a container in Amazon ECS.</p> </div></body></html>' >  /usr/local/apache2/htdocs/index.html && httpd-foreground\""]
  }],
  "requiresCompatibilities": ["FARGATE"],
  "cpu": "256",
  "memory": "512"
}`

// §13.1 item 2: revisions count up for ever, a bare family is the newest ACTIVE one, deleting frees no number.
func TestDefinitionRevisions(t *testing.T) {
	api := client(t)
	var input ecs.RegisterTaskDefinitionInput
	must(t, json.Unmarshal([]byte(sampleFargate), &input))
	register := func(want int32) string {
		made, err := api.RegisterTaskDefinition(t.Context(), &input)
		must(t, err)
		if made.TaskDefinition.Revision != want {
			t.Fatalf("registered revision %d, not %d", made.TaskDefinition.Revision, want)
		}
		return aws.ToString(made.TaskDefinition.TaskDefinitionArn)
	}
	first := register(1)
	if !strings.HasSuffix(first, ":task-definition/sample-fargate:1") {
		t.Fatalf("the ARN is %s", first)
	}
	register(2)
	third := register(3)

	gone, err := api.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("sample-fargate:3")})
	must(t, err)
	if gone.TaskDefinition.Status != types.TaskDefinitionStatusInactive {
		t.Fatalf("deregistered, it is %s", gone.TaskDefinition.Status)
	}
	bare, err := api.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("sample-fargate")})
	must(t, err)
	if bare.TaskDefinition.Revision != 2 {
		t.Fatalf("the bare family is revision %d, not 2", bare.TaskDefinition.Revision)
	}
	if !containsAll(bare.TaskDefinition.Compatibilities, types.CompatibilityEc2, types.CompatibilityFargate) {
		t.Fatalf("compatibilities: %v", bare.TaskDefinition.Compatibilities)
	}

	early, err := api.DeleteTaskDefinitions(t.Context(), &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"sample-fargate:2"}})
	must(t, err)
	if len(early.Failures) != 1 || !strings.Contains(aws.ToString(early.Failures[0].Detail)+aws.ToString(early.Failures[0].Reason), "is still in ACTIVE status. Please deregister the target and try again.") {
		t.Fatalf("deleting an ACTIVE revision: %+v", early.Failures)
	}
	deleted, err := api.DeleteTaskDefinitions(t.Context(), &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{third}})
	must(t, err)
	if len(deleted.TaskDefinitions) != 1 || deleted.TaskDefinitions[0].Status != types.TaskDefinitionStatusDeleteInProgress {
		t.Fatalf("deleting an INACTIVE revision: %+v %+v", deleted.TaskDefinitions, deleted.Failures)
	}
	register(4)
}

func containsAll[T comparable](have []T, want ...T) bool {
	found := map[T]bool{}
	for _, one := range have {
		found[one] = true
	}
	for _, one := range want {
		if !found[one] {
			return false
		}
	}
	return true
}

// fargateSizes is the table of ecs-semantics.md §2.3 for Linux: CPU units to the memory sizes in MiB that go with them.
func fargateSizes() map[int][]int {
	steps := func(from, to, step int) []int {
		var sizes []int
		for size := from; size <= to; size += step {
			sizes = append(sizes, size)
		}
		return sizes
	}
	return map[int][]int{
		256:   {512, 1024, 2048},
		512:   steps(1024, 4096, 1024),
		1024:  steps(2048, 8192, 1024),
		2048:  steps(4096, 16384, 1024),
		4096:  steps(8192, 30720, 1024),
		8192:  steps(16384, 61440, 4096),
		16384: steps(32768, 122880, 8192),
		32768: {61440, 122880, 249856},
	}
}

// §13.1 item 3: every pair of the table is taken, every neighbour is refused in ECS's words.
func TestFargateSizes(t *testing.T) {
	api := client(t)
	register := func(cpu, memory int) error {
		_, err := api.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
			Family:                  aws.String("fargate-sizes"),
			NetworkMode:             types.NetworkModeAwsvpc,
			RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
			Cpu:                     aws.String(fmt.Sprint(cpu)),
			Memory:                  aws.String(fmt.Sprint(memory)),
			ContainerDefinitions:    []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("app")}},
		})
		return err
	}
	refuse := func(cpu, memory int) {
		t.Helper()
		text := fmt.Sprintf("No Fargate configuration exists for given values: %d CPU, %d memory.", cpu, memory)
		refused(t, register(cpu, memory), "ClientException", text)
	}
	for cpu, sizes := range fargateSizes() {
		for _, memory := range sizes {
			if err := register(cpu, memory); err != nil {
				t.Errorf("%d CPU, %d memory: %v", cpu, memory, err)
			}
		}
		refuse(cpu, sizes[0]-256)
		refuse(cpu, sizes[0]+1)
		refuse(cpu, sizes[len(sizes)-1]+1024)
		refuse(cpu+128, sizes[0])
	}
}

// Both sizes must be there on Fargate, in either spelling (ecs-semantics.md §2.3).
func TestFargateSizesAreRequired(t *testing.T) {
	api := client(t)
	input := func(cpu, memory *string) *ecs.RegisterTaskDefinitionInput {
		return &ecs.RegisterTaskDefinitionInput{
			Family: aws.String("fargate-spellings"), NetworkMode: types.NetworkModeAwsvpc, Cpu: cpu, Memory: memory,
			RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
			ContainerDefinitions:    []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("app")}},
		}
	}
	_, err := api.RegisterTaskDefinition(t.Context(), input(nil, aws.String("512")))
	refused(t, err, "ClientException", "Fargate requires that 'cpu' be defined at the task level.")
	_, err = api.RegisterTaskDefinition(t.Context(), input(aws.String("256"), nil))
	refused(t, err, "ClientException", "Fargate requires that 'memory' be defined at the task level.")
	made, err := api.RegisterTaskDefinition(t.Context(), input(aws.String("1 vCPU"), aws.String("2 GB")))
	must(t, err)
	if cpu, memory := aws.ToString(made.TaskDefinition.Cpu), aws.ToString(made.TaskDefinition.Memory); cpu != "1024" || memory != "2048" {
		t.Fatalf("1 vCPU and 2 GB are stored as %s and %s", cpu, memory)
	}
}
