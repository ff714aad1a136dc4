package clients

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// §13.1 item 1: create, describe, create again, delete with a service inside, delete, INACTIVE, create again.
func TestClusterLife(t *testing.T) {
	api := client(t)
	cluster := newCluster(t, api)
	read := func() (string, string) {
		seen, err := api.DescribeClusters(t.Context(), &ecs.DescribeClustersInput{Clusters: []string{cluster}})
		must(t, err)
		if len(seen.Clusters) != 1 {
			t.Fatalf("failures: %v", seen.Failures)
		}
		return aws.ToString(seen.Clusters[0].ClusterArn), aws.ToString(seen.Clusters[0].Status)
	}
	arn, status := read()
	if status != "ACTIVE" {
		t.Fatalf("a new cluster is %s", status)
	}
	again, err := api.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String(cluster)})
	must(t, err)
	if aws.ToString(again.Cluster.ClusterArn) != arn {
		t.Fatalf("created again, the cluster is %s, not %s", aws.ToString(again.Cluster.ClusterArn), arn)
	}

	definition := fargate(t, api, "cluster-life", "public.ecr.aws/docker/library/httpd:latest")
	_, err = api.CreateService(t.Context(), service(cluster, "inside", definition, 1))
	must(t, err)
	stable(t, api, cluster, "inside")
	_, err = api.DeleteCluster(t.Context(), &ecs.DeleteClusterInput{Cluster: aws.String(cluster)})
	refused(t, err, "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")

	_, err = api.DeleteService(t.Context(), &ecs.DeleteServiceInput{Cluster: aws.String(cluster), Service: aws.String("inside"), Force: aws.Bool(true)})
	must(t, err)
	eventually(t, "the empty cluster is deleted", func() (bool, string) {
		_, err := api.DeleteCluster(t.Context(), &ecs.DeleteClusterInput{Cluster: aws.String(cluster)})
		if err != nil {
			return false, err.Error()
		}
		return true, ""
	})
	eventually(t, "the deleted cluster is INACTIVE", func() (bool, string) {
		_, status := read()
		return status == "INACTIVE", status
	})
	remade, err := api.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String(cluster)})
	must(t, err)
	if aws.ToString(remade.Cluster.ClusterArn) != arn {
		t.Fatalf("made anew, the cluster is %s, not %s", aws.ToString(remade.Cluster.ClusterArn), arn)
	}
	eventually(t, "the cluster is ACTIVE again", func() (bool, string) {
		_, status := read()
		return status == "ACTIVE", status
	})
}

// An unknown cluster is a failure of Describe, and an error elsewhere (ecs-semantics.md §1.1, §3.1).
func TestUnknownCluster(t *testing.T) {
	api := client(t)
	seen, err := api.DescribeClusters(t.Context(), &ecs.DescribeClustersInput{Clusters: []string{"nowhere"}})
	must(t, err)
	if len(seen.Failures) != 1 || aws.ToString(seen.Failures[0].Reason) != "MISSING" {
		t.Fatalf("failures: %v", seen.Failures)
	}
	_, err = api.ListServices(t.Context(), &ecs.ListServicesInput{Cluster: aws.String("nowhere")})
	refused(t, err, "ClusterNotFoundException", "Cluster not found.")
}
