//! The addresses of one node, and the link between it and the machine it runs on.
//!
//! Each node takes a 10.x.0.0/16 that the machine does not use: pods, services, the cluster's names, and a link of two addresses. The
//! machine routes all of it to the node, so a test reaches pods and services as it reaches any address, and pods reach what listens
//! on the machine's end of the link.

use std::net::Ipv4Addr;
use std::process::Command;

use serde_json::Value;

use crate::Error;
use crate::command::run_to_end;

/// The second numbers that are tried, far from where networks begin to count.
const CANDIDATES: std::ops::RangeInclusive<u8> = 192..=251;

/// Which addresses a node has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network(u8);

impl Network {
    /// Where the API server and everything else on the machine is reached from pods.
    pub fn host(self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.0, 255, 1)
    }

    /// The node's own.
    pub fn node(self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.0, 255, 2)
    }

    /// Where the names of services are asked for.
    pub fn names(self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.0, 255, 53)
    }

    /// All of it.
    pub fn whole(self) -> String {
        format!("10.{}.0.0/16", self.0)
    }

    /// Where pods get their addresses from.
    pub fn pods(self) -> String {
        format!("10.{}.0.0/24", self.0)
    }

    /// Where services get theirs from.
    pub fn services(self) -> String {
        format!("10.{}.128.0/20", self.0)
    }

    /// What tells it from the other networks.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The name of the machine's end of the link; at most 15 characters.
    fn link(self) -> String {
        format!("ecs-node-{}", self.0)
    }
}

/// A network that is ours until the link is dropped. The system removes the link with the node's namespaces, too.
#[derive(Debug)]
pub(super) struct Link {
    network: Network,
}

impl Link {
    /// Takes a network that is free: that the link of its name can be made says that no other node has it.
    pub fn take() -> Result<Self, Error> {
        let routes = routes()?;
        for network in CANDIDATES.map(Network) {
            if taken(network, &routes) {
                continue;
            }
            let link = network.link();
            match ip(&format!("link add {link} type veth peer name {link}-in")) {
                Ok(_) => return Ok(Self { network }),
                // Another node was faster.
                Err(Error::Command { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Err(Error::Missing(
            "no network for a node: none of the links ecs-node-192 to ecs-node-251 could be made, or each of 10.192.0.0/16 to 10.251.0.0/16 is in use (`ip link`, `ip route show table all`)".to_owned(),
        ))
    }

    /// Which network.
    pub fn network(&self) -> Network {
        self.network
    }

    /// Gives the machine its end.
    pub fn raise(&self) -> Result<(), Error> {
        let link = self.network.link();
        ip(&format!("address add {}/29 dev {link}", self.network.host()))?;
        ip(&format!("link set {link} up"))?;
        ip(&format!(
            "route add {} via {} dev {link}",
            self.network.whole(),
            self.network.node()
        ))
        .map(drop)
    }

    /// Gives the node of this process its end.
    pub fn lead_into(&self, process: u32) -> Result<(), Error> {
        let link = self.network.link();
        ip(&format!("link set {link}-in netns {process} name eth0"))?;
        let inside = |words: &str| {
            let mut command = Command::new("nsenter");
            command.arg(format!("--net=/proc/{process}/ns/net")).arg("ip");
            finish(command, words)
        };
        inside(&format!("address add {}/29 dev eth0", self.network.node()))?;
        inside("link set eth0 up")?;
        inside(&format!("route add default via {}", self.network.host())).map(drop)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Where the node is gone already, so is the link.
        let _ = ip(&format!("link delete {}", self.network.link()));
    }
}

/// The destinations that the machine knows.
fn routes() -> Result<Vec<String>, Error> {
    let words = "-json -4 route show table all";
    let routes: Value = serde_json::from_str(&ip(words)?).map_err(|why| Error::Json {
        what: format!("what `ip {words}` answers"),
        problem: why.to_string(),
    })?;
    let destination = |route: &Value| route.get("dst").and_then(Value::as_str).map(str::to_owned);
    Ok(routes
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(destination)
        .collect())
}

/// Whether one of them lies in the network.
fn taken(network: Network, routes: &[String]) -> bool {
    let start = format!("10.{}.", network.0);
    routes.iter().any(|route| route.starts_with(&start))
}

fn ip(words: &str) -> Result<String, Error> {
    finish(Command::new("ip"), words)
}

/// Runs `ip`, or what leads to it, with these words.
fn finish(mut command: Command, words: &str) -> Result<String, Error> {
    command.args(words.split(' '));
    run_to_end(command, &format!("ip {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_taken_where_the_machine_has_an_address_or_a_route_in_it() {
        let routes = ["default", "10.0.0.0/8", "10.192.4.0/24", "10.20.0.0/16"].map(str::to_owned);
        assert!(taken(Network(192), &routes));
        assert!(!taken(Network(193), &routes));
        assert!(!taken(Network(2), &routes), "10.20 is not 10.2");
    }

    #[test]
    fn the_links_name_fits_the_system() {
        assert!(format!("{}-in", Network(251).link()).len() <= 15);
    }
}
