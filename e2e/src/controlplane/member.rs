//! What kube-apiserver is told of who joins it: their tokens, where they reach it, and with which certificates it speaks to them.

use std::net::Ipv4Addr;

use super::keys;
use crate::Error;
use crate::certificates::Authority;
use crate::run_dir::RunDir;

/// The name that the aggregation layer's own certificate bears.
const FRONT_PROXY: &str = "front-proxy-client";

/// One of the cluster's own programs, known by a token.
#[derive(Debug, Clone)]
pub struct Member {
    user: &'static str,
    group: Option<&'static str>,
    token: String,
}

/// All of them, and how they and the API server reach each other.
#[derive(Debug, Clone)]
pub struct Members {
    /// Where the API server listens, for the machine, the node and its pods.
    pub address: Ipv4Addr,
    /// Where services get their addresses from.
    pub services: String,
    /// The cluster's own programs.
    pub members: Vec<Member>,
    /// Flags that name the certificates.
    certificates: Vec<String>,
}

impl Member {
    /// A user in a group (where it has one), with a new token.
    ///
    /// # Errors
    /// [`Error::Missing`] where the system gives no random bytes.
    pub fn new(user: &'static str, group: Option<&'static str>) -> Result<Self, Error> {
        Ok(Self {
            user,
            group,
            token: keys::token()?,
        })
    }

    /// What it shows to the API server.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Its line in the API server's file of tokens.
    pub(super) fn line(&self) -> String {
        let Self { user, group, token } = self;
        let group = group.map(|group| format!(",\"{group}\"")).unwrap_or_default();
        format!("{token},{user},{user}{group}\n")
    }
}

impl Members {
    /// Signs the certificates; `clients.crt` in the run's folder is the authority that a kubelet has to trust.
    ///
    /// # Errors
    /// [`Error::Missing`] where the system gives no key, [`Error::File`] where one cannot be written.
    pub fn new(
        run: &RunDir,
        address: Ipv4Addr,
        services: String,
        members: Vec<Member>,
    ) -> Result<Self, Error> {
        // Two authorities: who has a client certificate must not be able to speak for others as the aggregation layer does.
        let clients = Authority::new("ecs-e2e clients")?;
        let proxies = Authority::new("ecs-e2e front proxies")?;
        let kubelet = clients.client("kube-apiserver-kubelet-client", Some("system:masters"))?;
        let proxy = proxies.client(FRONT_PROXY, None)?;
        let files = [
            ("client-ca-file", "clients.crt", clients.pem()),
            (
                "kubelet-client-certificate",
                "kubelet-client.crt",
                kubelet.certificate,
            ),
            ("kubelet-client-key", "kubelet-client.key", kubelet.key),
            ("requestheader-client-ca-file", "front-proxies.crt", proxies.pem()),
            ("proxy-client-cert-file", "front-proxy.crt", proxy.certificate),
            ("proxy-client-key-file", "front-proxy.key", proxy.key),
        ];
        let certificates = files
            .into_iter()
            .map(|(flag, name, pem)| Ok(format!("--{flag}={}", run.write(name, &pem)?.display())))
            .collect::<Result<_, Error>>()?;
        Ok(Self {
            address,
            services,
            members,
            certificates,
        })
    }
}

/// The flags with members, and those without.
pub(super) fn flags(members: Option<&Members>) -> Vec<String> {
    let Some(members) = members else {
        return [
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--service-cluster-ip-range=10.96.0.0/16",
        ]
        .map(str::to_owned)
        .to_vec();
    };
    let address = members.address;
    let mut flags = vec![
        format!("--bind-address={address}"),
        format!("--advertise-address={address}"),
        format!("--service-cluster-ip-range={}", members.services),
        format!("--requestheader-allowed-names={FRONT_PROXY}"),
    ];
    flags.extend(
        [
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--kubelet-preferred-address-types=InternalIP",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            // There is no kube-proxy where the API server runs.
            "--enable-aggregator-routing=true",
        ]
        .map(str::to_owned),
    );
    flags.extend(members.certificates.iter().cloned());
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_a_line_of_token_user_and_groups() {
        let member = Member::new("system:node:node", Some("system:nodes")).unwrap();
        assert_eq!(
            member.line(),
            format!(
                "{},system:node:node,system:node:node,\"system:nodes\"\n",
                member.token()
            )
        );
    }

    #[test]
    fn service_accounts_are_admitted_only_where_a_controller_makes_them() {
        let run = RunDir::temporary().unwrap();
        let members = Members::new(
            &run,
            Ipv4Addr::new(10, 192, 255, 1),
            "10.192.128.0/20".into(),
            Vec::new(),
        )
        .unwrap();
        let disables = |flags: Vec<String>| flags.iter().any(|flag| flag.starts_with("--disable-admission"));
        assert!(disables(flags(None)));
        assert!(!disables(flags(Some(&members))));
    }
}
