//! Ports that nobody uses, so that two checkouts and many test binaries run side by side.

use std::net::{Ipv4Addr, TcpListener};

use crate::Error;

/// `N` different free TCP ports of the loopback interface.
///
/// They are held together while they are chosen, so they differ; another process may still take one before it is used, which is
/// why the callers start again with new ports when a child ends at once.
///
/// # Errors
/// [`Error::Start`] where the system gives no port.
pub fn free_ports<const N: usize>() -> Result<[u16; N], Error> {
    let refused = |source| Error::Start {
        program: "a listener on a free port of 127.0.0.1".to_owned(),
        source,
    };
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(refused)?;
        *port = listener.local_addr().map_err(refused)?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Says clearly when a port that a person asked for is taken.
///
/// # Errors
/// [`Error::Missing`] where something listens on `port` already.
pub fn require_free(port: u16, option: &str) -> Result<(), Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map(drop)
        .map_err(|why| Error::Missing(format!("port {port} of 127.0.0.1 cannot be used ({why}): give another with {option}, or leave {option} out to take a free one")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_ports_differ() {
        let ports = free_ports::<8>().unwrap();
        assert_eq!(BTreeSet::from(ports).len(), 8);
    }

    #[test]
    fn a_taken_port_is_named_with_the_option_that_changes_it() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let message = require_free(port, "--backend-port").unwrap_err().to_string();
        assert!(
            message.contains(&port.to_string()) && message.contains("--backend-port"),
            "{message}"
        );
    }
}
