//! What `up` says when the samples run: how to go on.

use std::env;
use std::path::Path;

use ecs_e2e::stack::Stack;

/// Prints the lines to paste and three commands to try.
pub fn say_how_to_go_on(stack: &Stack) {
    let kubectl = stack.plane().kubectl();
    let run = stack.run().path().display();
    println!("To go on, in another terminal:\n");
    println!("  export KUBECONFIG={}", kubectl.kubeconfig().display());
    if let Some(folder) = kubectl.program().parent()
        && !is_on_path(folder)
    {
        println!("  export PATH={}:$PATH", folder.display());
    }
    println!();
    println!("  kubectl get ecs");
    println!("  kubectl scale ecssvc/sample-fargate --replicas=5 && kubectl get ecssvc -w");
    println!(
        "  kubectl patch ecstd/sample-fargate --type=json \\\n    -p '[{{\"op\":\"replace\",\"path\":\"/spec/containerDefinitions/0/image\",\"value\":\"public.ecr.aws/docker/library/httpd:2.4\"}}]'"
    );
    println!(
        "\nThe ECS endpoint is {} (any credentials, region us-east-1); logs are in {run}.",
        stack.backend().url()
    );
    println!("Ctrl-C ends everything.");
}

fn is_on_path(folder: &Path) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|on_path| on_path == folder))
}
