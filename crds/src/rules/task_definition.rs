//! Rules of `EcsTaskDefinition` (ecs-semantics.md §2).

use std::collections::BTreeMap;

use ecs_model::fargate::Offer;
use kube::core::{Reason, Rule};

use super::{Rules, immutable, management, named_by, rule, tags};

const FARGATE: &str = "has(self.requiresCompatibilities) && 'FARGATE' in self.requiresCompatibilities";
const CONTAINERS: &str = "self.containerDefinitions";

pub(crate) fn rules() -> Rules {
    let mut spec = vec![immutable(
        "family",
        "a family is what its revisions share; create another EcsTaskDefinition",
    )];
    spec.extend(containers());
    spec.extend(ports());
    spec.extend(volumes());
    spec.extend(fargate());
    spec.extend(tags());
    spec.extend(management());
    Rules {
        spec,
        object: vec![named_by("family")],
    }
}

fn containers() -> Vec<Rule> {
    vec![
        rule(
            format!("{CONTAINERS}.exists(c, !has(c.essential) || c.essential)"),
            "containerDefinitions",
            "at least one container must be essential",
        ),
        rule(
            format!(
                "{CONTAINERS}.all(c, !has(c.dependsOn) || c.dependsOn.all(d, d.containerName != c.name && \
                 d.containerName in {CONTAINERS}.map(o, o.name)))"
            ),
            "containerDefinitions",
            "dependsOn must name other containers of this definition",
        ),
        rule(
            format!("has(self.memory) || {CONTAINERS}.all(c, has(c.memory) || has(c.memoryReservation))"),
            "containerDefinitions",
            "each container needs memory or memoryReservation, or the whole task memory",
        ),
        rule(
            format!(
                "{CONTAINERS}.all(c, !has(c.memory) || !has(c.memoryReservation) || c.memory >= c.memoryReservation)"
            ),
            "containerDefinitions",
            "memory cannot be less than memoryReservation",
        ),
    ]
}

fn ports() -> Vec<Rule> {
    vec![
        rule(
            format!(
                "!has(self.networkMode) || !(self.networkMode in ['awsvpc', 'host']) || {CONTAINERS}.all(c, \
                 !has(c.portMappings) || c.portMappings.all(p, !has(p.hostPort) || p.hostPort == 0 || \
                 (has(p.containerPort) && p.hostPort == p.containerPort)))"
            ),
            "containerDefinitions",
            "with networkMode awsvpc and host, hostPort must be left out or equal containerPort",
        ),
        rule(
            format!(
                "!has(self.networkMode) || self.networkMode != 'none' || {CONTAINERS}.all(c, !has(c.portMappings) || \
                 c.portMappings.size() == 0)"
            ),
            "containerDefinitions",
            "with networkMode none there are no ports: remove portMappings",
        ),
        rule(
            format!(
                "{CONTAINERS}.all(c, !has(c.portMappings) || c.portMappings.all(p, \
                 has(p.containerPort) != has(p.containerPortRange)))"
            ),
            "containerDefinitions",
            "each port mapping needs exactly one of containerPort and containerPortRange",
        ),
        rule(
            format!(
                "!has(self.networkMode) || self.networkMode != 'awsvpc' || {CONTAINERS}.all(c, \
                 (!has(c.links) || c.links.size() == 0) && !has(c.hostname) && \
                 (!has(c.extraHosts) || c.extraHosts.size() == 0) && (!has(c.dnsServers) || c.dnsServers.size() == 0) && \
                 (!has(c.dnsSearchDomains) || c.dnsSearchDomains.size() == 0))"
            ),
            "containerDefinitions",
            "with networkMode awsvpc, containers have no links, hostname, extraHosts, dnsServers and dnsSearchDomains",
        ),
    ]
}

fn volumes() -> Vec<Rule> {
    vec![
        rule(
            format!(
                "{CONTAINERS}.all(c, !has(c.mountPoints) || c.mountPoints.all(m, !has(m.sourceVolume) || \
                 (has(self.volumes) && m.sourceVolume in self.volumes.map(v, v.name))))"
            ),
            "containerDefinitions",
            "mountPoints must name volumes of this definition",
        ),
        rule(
            "!has(self.volumes) || self.volumes.all(v, [has(v.host), has(v.dockerVolumeConfiguration), \
             has(v.efsVolumeConfiguration), has(v.fsxWindowsFileServerVolumeConfiguration), \
             has(v.s3filesVolumeConfiguration), has(v.configuredAtLaunch) && v.configuredAtLaunch]\
             .filter(set, set).size() <= 1)",
            "volumes",
            "a volume is of one kind: set at most one of its configurations",
        ),
        rule(
            "!has(self.volumes) || self.volumes.filter(v, has(v.configuredAtLaunch) && v.configuredAtLaunch).size() <= 1",
            "volumes",
            "only one volume can be configuredAtLaunch",
        ),
    ]
}

fn fargate() -> Vec<Rule> {
    vec![
        rule(
            format!("!({FARGATE}) || (has(self.networkMode) && self.networkMode == 'awsvpc')"),
            "requiresCompatibilities",
            "FARGATE needs networkMode awsvpc",
        ),
        rule(
            format!("!({FARGATE}) || (has(self.cpu) && has(self.memory))"),
            "requiresCompatibilities",
            "FARGATE needs cpu and memory of the task",
        )
        .reason(Reason::FieldValueRequired),
        rule(
            format!(
                "!({FARGATE}) || !has(self.cpu) || !has(self.memory) || {}",
                offered()
            ),
            "memory",
            "FARGATE has no such pair of cpu and memory; it has, for example, 256 with 512, 1024 or 2048, and 1024 with 2048 to 8192",
        ),
        rule(
            format!("!({FARGATE}) || {CONTAINERS}.all(c, !has(c.privileged) || !c.privileged)"),
            "containerDefinitions",
            "FARGATE runs no privileged containers",
        ),
        rule(
            format!(
                "!({FARGATE}) || !has(self.placementConstraints) || self.placementConstraints.size() == 0"
            ),
            "placementConstraints",
            "FARGATE places tasks itself: remove placementConstraints",
        ),
        rule(
            format!("!({FARGATE}) || !has(self.ipcMode)"),
            "ipcMode",
            "FARGATE shares no ipcMode: remove it",
        ),
        rule(
            format!("!({FARGATE}) || !has(self.pidMode) || self.pidMode == 'task'"),
            "pidMode",
            "on FARGATE pidMode can only be task",
        ),
    ]
}

/// Whether cpu and memory are a pair that Fargate has. Spellings with units ("1 vCPU") are the planner's.
fn offered() -> String {
    let plain = "!string(self.cpu).matches('^[0-9]{1,6}$') || !string(self.memory).matches('^[0-9]{1,6}$')";
    let mut by_cpu: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for size in (Offer {
        thirty_two_vcpu: true,
        ..Offer::default()
    })
    .sizes()
    {
        by_cpu.entry(size.cpu).or_default().push(size.memory.to_string());
    }
    let rows: Vec<String> = by_cpu
        .iter()
        .map(|(cpu, memory)| {
            format!(
                "(int(self.cpu) == {cpu} && int(self.memory) in [{}])",
                memory.join(", ")
            )
        })
        .collect();
    format!("{plain} || {}", rows.join(" || "))
}

#[cfg(test)]
mod tests;
