package clients

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// machine is a container instance to register.
type machine struct {
	id, kind, zone string
	cpu, memory    int32
	attributes     map[string]string
}

// register registers machines as their agents would, and gives a name (the machine's id) to each ARN.
func register(t *testing.T, api *ecs.Client, cluster string, machines ...machine) map[string]string {
	t.Helper()
	names := map[string]string{}
	for _, one := range machines {
		document, err := json.Marshal(map[string]string{
			"accountId": "123456789012", "architecture": "x86_64", "availabilityZone": one.zone, "imageId": "ami-0123456789abcdef0",
			"instanceId": one.id, "instanceType": one.kind, "region": "us-east-1",
		})
		must(t, err)
		attributes := []types.Attribute{
			{Name: aws.String("ecs.availability-zone"), Value: aws.String(one.zone)},
			{Name: aws.String("ecs.instance-type"), Value: aws.String(one.kind)},
			{Name: aws.String("ecs.os-type"), Value: aws.String("linux")},
			{Name: aws.String("ecs.cpu-architecture"), Value: aws.String("x86_64")},
			{Name: aws.String("com.amazonaws.ecs.capability.docker-remote-api.1.18")},
			{Name: aws.String("com.amazonaws.ecs.capability.docker-remote-api.1.19")},
			{Name: aws.String("com.amazonaws.ecs.capability.docker-remote-api.1.21")},
		}
		for name, value := range one.attributes {
			attributes = append(attributes, types.Attribute{Name: aws.String(name), Value: aws.String(value)})
		}
		made, err := api.RegisterContainerInstance(t.Context(), &ecs.RegisterContainerInstanceInput{
			Cluster:                  aws.String(cluster),
			InstanceIdentityDocument: aws.String(string(document)),
			VersionInfo:              &types.VersionInfo{AgentVersion: aws.String("1.89.0")},
			Attributes:               attributes,
			TotalResources: []types.Resource{
				{Name: aws.String("CPU"), Type: aws.String("INTEGER"), IntegerValue: one.cpu},
				{Name: aws.String("MEMORY"), Type: aws.String("INTEGER"), IntegerValue: one.memory},
				{Name: aws.String("PORTS"), Type: aws.String("STRINGSET"), StringSetValue: []string{"22", "2375", "2376", "51678", "51679"}},
				{Name: aws.String("PORTS_UDP"), Type: aws.String("STRINGSET"), StringSetValue: []string{}},
			},
		})
		must(t, err)
		names[aws.ToString(made.ContainerInstance.ContainerInstanceArn)] = one.id
	}
	return names
}

// fleet is n equal machines in turn over the zones.
func fleet(n int, zones ...string) []machine {
	var machines []machine
	for i := range n {
		machines = append(machines, machine{id: fmt.Sprintf("i-%017x", i+1), kind: "m6i.large", zone: zones[i%len(zones)], cpu: 2048, memory: 4096})
	}
	return machines
}

// onEC2 registers a bridge definition of 256 CPU units and 512 MiB, with these host ports.
func onEC2(t *testing.T, api *ecs.Client, family string, hostPorts ...int32) string {
	t.Helper()
	container := types.ContainerDefinition{Name: aws.String("app"), Image: aws.String("app"), Cpu: 256, Memory: aws.Int32(512)}
	for _, port := range hostPorts {
		container.PortMappings = append(container.PortMappings, types.PortMapping{ContainerPort: aws.Int32(80), HostPort: aws.Int32(port)})
	}
	made, err := api.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{Family: aws.String(family), ContainerDefinitions: []types.ContainerDefinition{container}})
	must(t, err)
	return aws.ToString(made.TaskDefinition.TaskDefinitionArn)
}

// where counts tasks by the machine they were placed on.
func where(tasks []types.Task, names map[string]string) map[string]int {
	counts := map[string]int{}
	for _, task := range tasks {
		counts[names[aws.ToString(task.ContainerInstanceArn)]]++
	}
	return counts
}

func strategy(kind types.PlacementStrategyType, field string) types.PlacementStrategy {
	if field == "" {
		return types.PlacementStrategy{Type: kind}
	}
	return types.PlacementStrategy{Type: kind, Field: aws.String(field)}
}

// §13.1 item 9: the strategies, alone and chained (ecs-semantics.md §5.3).
func TestPlacementStrategies(t *testing.T) {
	const zone = "attribute:ecs.availability-zone"
	spread, binpack := types.PlacementStrategyTypeSpread, types.PlacementStrategyTypeBinpack
	for _, row := range []struct {
		name       string
		strategies []types.PlacementStrategy
		// check looks at the machines' counts and the zones' counts of six tasks on four machines in two zones.
		check func(machines, zones []int) bool
	}{
		{"spread-zone", []types.PlacementStrategy{strategy(spread, zone)}, func(_, zones []int) bool { return slices.Equal(zones, []int{3, 3}) }},
		{"spread-instance", []types.PlacementStrategy{strategy(spread, "instanceId")}, func(machines, _ []int) bool { return slices.Equal(machines, []int{1, 1, 2, 2}) }},
		{"spread-host", []types.PlacementStrategy{strategy(spread, "host")}, func(machines, _ []int) bool { return slices.Equal(machines, []int{1, 1, 2, 2}) }},
		{"binpack-memory", []types.PlacementStrategy{strategy(binpack, "memory")}, func(machines, _ []int) bool { return slices.Equal(machines, []int{6}) }},
		{"binpack-cpu", []types.PlacementStrategy{strategy(binpack, "cpu")}, func(machines, _ []int) bool { return slices.Equal(machines, []int{6}) }},
		{"spread-zone-then-binpack", []types.PlacementStrategy{strategy(spread, zone), strategy(binpack, "memory")}, func(machines, _ []int) bool { return slices.Equal(machines, []int{3, 3}) }},
		{"random", []types.PlacementStrategy{strategy(types.PlacementStrategyTypeRandom, "")}, func(machines, _ []int) bool { return sum(machines) == 6 }},
	} {
		t.Run(row.name, func(t *testing.T) {
			api := client(t)
			cluster := newCluster(t, api)
			machines := fleet(4, "us-east-1a", "us-east-1b")
			names := register(t, api, cluster, machines...)
			ran, err := api.RunTask(t.Context(), &ecs.RunTaskInput{
				Cluster: aws.String(cluster), TaskDefinition: aws.String(onEC2(t, api, "strategies")), Count: aws.Int32(6),
				LaunchType: types.LaunchTypeEc2, PlacementStrategy: row.strategies,
			})
			must(t, err)
			byMachine, byZone := where(ran.Tasks, names), map[string]int{}
			for _, one := range machines {
				byZone[one.zone] += byMachine[one.id]
			}
			if !row.check(counts(byMachine), counts(byZone)) {
				t.Errorf("machines %v, zones %v, failures %+v", byMachine, byZone, ran.Failures)
			}
		})
	}
}

// counts are a map's values, smallest first.
func counts(by map[string]int) []int {
	var all []int
	for _, count := range by {
		all = append(all, count)
	}
	slices.Sort(all)
	return all
}

func sum(counts []int) int {
	all := 0
	for _, count := range counts {
		all += count
	}
	return all
}

// §13.1 item 9: what a strategy may not say.
func TestPlacementStrategyIsChecked(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	register(t, api, cluster, fleet(1, "us-east-1a")...)
	definition := onEC2(t, api, "checked")
	many := make([]types.PlacementStrategy, 6)
	for i := range many {
		many[i] = strategy(types.PlacementStrategyTypeSpread, "instanceId")
	}
	for _, row := range []struct {
		strategies []types.PlacementStrategy
		text       string
	}{
		{many, "Maximum number of strategies is 5"},
		{[]types.PlacementStrategy{strategy(types.PlacementStrategyTypeBinpack, "disk")}, "binpack field 'disk' is invalid"},
		{[]types.PlacementStrategy{strategy(types.PlacementStrategyTypeRandom, "cpu")}, "random field should not be specified"},
	} {
		_, err := api.RunTask(t.Context(), &ecs.RunTaskInput{
			Cluster: aws.String(cluster), TaskDefinition: aws.String(definition), LaunchType: types.LaunchTypeEc2, PlacementStrategy: row.strategies,
		})
		refused(t, err, "InvalidParameterException", row.text)
	}
}

// §13.1 item 9: a static host port fits once on a machine, and distinctInstance takes a machine once.
func TestPlacementExhaustion(t *testing.T) {
	distinct := []types.PlacementConstraint{{Type: types.PlacementConstraintTypeDistinctInstance}}
	for _, row := range []struct {
		name        string
		ports       []int32
		constraints []types.PlacementConstraint
		reason      string
	}{
		{"static-port", []int32{80}, nil, "RESOURCE:PORTS"},
		{"distinct-instance", nil, distinct, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			api := client(t)
			cluster := newCluster(t, api)
			names := register(t, api, cluster, fleet(2, "us-east-1a", "us-east-1b")...)
			ran, err := api.RunTask(t.Context(), &ecs.RunTaskInput{
				Cluster: aws.String(cluster), TaskDefinition: aws.String(onEC2(t, api, row.name, row.ports...)), Count: aws.Int32(3),
				LaunchType: types.LaunchTypeEc2, PlacementConstraints: row.constraints,
			})
			must(t, err)
			if byMachine := where(ran.Tasks, names); !slices.Equal(counts(byMachine), []int{1, 1}) {
				t.Errorf("placed on %v", byMachine)
			}
			if len(ran.Failures) == 0 || !strings.HasPrefix(aws.ToString(ran.Failures[0].Reason), row.reason) {
				t.Errorf("failures: %+v", ran.Failures)
			}
		})
	}
}

// §13.1 item 9: dynamic ports let many tasks share a machine, each with a port of its own (ecs-semantics.md §12 row 94).
func TestDynamicPorts(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	register(t, api, cluster, fleet(1, "us-east-1a")...)
	ran, err := api.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String(cluster), TaskDefinition: aws.String(onEC2(t, api, "dynamic", 0)), Count: aws.Int32(3), LaunchType: types.LaunchTypeEc2})
	must(t, err)
	var arns []string
	for _, task := range ran.Tasks {
		arns = append(arns, aws.ToString(task.TaskArn))
	}
	if len(arns) != 3 {
		t.Fatalf("%d tasks placed: %+v", len(arns), ran.Failures)
	}
	ports := map[int32]bool{}
	eventually(t, "each task shows its port", func() (bool, string) {
		seen, err := api.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: arns})
		must(t, err)
		for _, task := range seen.Tasks {
			for _, binding := range task.Containers[0].NetworkBindings {
				ports[aws.ToInt32(binding.HostPort)] = true
			}
		}
		return len(ports) == 3, fmt.Sprint(ports)
	})
	for port := range ports {
		if port < 32768 || port > 60999 {
			t.Errorf("port %d is no ephemeral one", port)
		}
	}
}

// §13.1 item 9: the cluster query language, each operator in both spellings (ecs-semantics.md §5.2).
func TestClusterQueries(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	names := register(t, api, cluster,
		machine{id: "i-0000000000000000a", kind: "c7g.large", zone: "us-east-1a", cpu: 2048, memory: 4096, attributes: map[string]string{"rack": "r1", "tier": "gold"}},
		machine{id: "i-0000000000000000b", kind: "m6i.large", zone: "us-east-1b", cpu: 2048, memory: 8192, attributes: map[string]string{"rack": "r2"}},
		machine{id: "i-0000000000000000c", kind: "m6i.xlarge", zone: "us-east-1c", cpu: 4096, memory: 16384},
	)
	_, err := api.RunTask(t.Context(), &ecs.RunTaskInput{
		Cluster: aws.String(cluster), TaskDefinition: aws.String(onEC2(t, api, "queries")), LaunchType: types.LaunchTypeEc2, Group: aws.String("database"),
		PlacementConstraints: []types.PlacementConstraint{{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String("attribute:rack == r2")}},
	})
	must(t, err)
	for query, want := range map[string]string{
		"attribute:ecs.instance-type == c7g.large":                                                        "a",
		"attribute:ecs.instance-type equals c7g.large":                                                    "a",
		"attribute:ecs.instance-type != c7g.large":                                                        "bc",
		"attribute:ecs.instance-type not_equals c7g.large":                                                "bc",
		"attribute:ecs.availability-zone in [us-east-1a, us-east-1c]":                                     "ac",
		"attribute:ecs.availability-zone !in [us-east-1a, us-east-1c]":                                    "b",
		"attribute:ecs.availability-zone not_in ['us-east-1a', \"us-east-1c\"]":                           "b",
		"attribute:ecs.instance-type =~ m6.*":                                                             "bc",
		"attribute:ecs.instance-type matches m6.*":                                                        "bc",
		"attribute:ecs.instance-type =~ m6":                                                               "",
		"attribute:ecs.instance-type !~ m6.*":                                                             "a",
		"attribute:ecs.instance-type not_matches m6.*":                                                    "a",
		"attribute:ecs.instance-type =~ m6.* && attribute:ecs.availability-zone not_equals us-east-1b":    "c",
		"attribute:ecs.instance-type =~ m6.* and attribute:ecs.availability-zone not_equals us-east-1b":   "c",
		"attribute:rack exists":                                                                           "ab",
		"attribute:rack !exists":                                                                          "c",
		"attribute:rack not_exists":                                                                       "c",
		"attribute:rack != r1":                                                                            "b",
		"attribute:tier == gold || attribute:rack !exists":                                                "ac",
		"attribute:rack not_exists or (agentConnected == true and !(attribute:tier matches gold|silver))": "bc",
		"not attribute:rack exists":                                                                       "c",
		"not(task:group == database)":                                                                     "ac",
		"task:group equals database":                                                                      "b",
		"runningTasksCount <= 3":                                                                          "abc",
		"runningTasksCount less_than_equal 3":                                                             "abc",
		"runningTasksCount greater_than 3":                                                                "",
		"agentVersion >= 1.9.0":                                                                           "abc",
		"agentVersion < 1.100.0":                                                                          "abc",
		"agentVersion greater_than 1.89.0":                                                                "",
		"registeredAt > 2020-01-31":                                                                       "abc",
		"registeredAt < 2020-01-31T00:00:00Z":                                                             "",
		"ec2InstanceId !in ['i-0000000000000000a', \"i-0000000000000000b\"]":                              "c",
		"ec2InstanceId == i-0000000000000000b":                                                            "b",
		"attribute:tier == gold and attribute:rack == r1 or attribute:rack == r2":                         "ab",
		"attribute:tier == gold and (attribute:rack == r2 or attribute:rack == r1)":                       "a",
	} {
		listed, err := api.ListContainerInstances(t.Context(), &ecs.ListContainerInstancesInput{Cluster: aws.String(cluster), Filter: aws.String(query)})
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		var found []string
		for _, arn := range listed.ContainerInstanceArns {
			found = append(found, strings.TrimPrefix(names[arn], "i-0000000000000000"))
		}
		slices.Sort(found)
		if got := strings.Join(found, ""); got != want {
			t.Errorf("%s: matches %q, not %q", query, got, want)
		}
	}
	for _, query := range []string{"attribute:", "attribute:rack ==", "rack == r1", "attribute:rack == r1 &&", "(attribute:rack == r1", "attribute:rack in r1", "attribute:rack exists exists"} {
		_, err := api.ListContainerInstances(t.Context(), &ecs.ListContainerInstancesInput{Cluster: aws.String(cluster), Filter: aws.String(query)})
		if err == nil {
			t.Errorf("%q is no query, and is taken", query)
			continue
		}
		refused(t, err, "InvalidParameterException", "")
	}
}
