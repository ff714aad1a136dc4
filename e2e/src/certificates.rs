//! Certificates of a cluster's own authorities, for clients and for servers.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use crate::Error;

/// Who signs.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub struct Certified {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl Authority {
    /// A new authority of this name.
    ///
    /// # Errors
    /// [`Error::Missing`] where the system gives no key.
    pub fn new(name: &str) -> Result<Self, Error> {
        let mut wanted = CertificateParams::default();
        wanted.distinguished_name.push(DnType::CommonName, name);
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wanted.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = KeyPair::generate()
            .and_then(|key| CertifiedIssuer::self_signed(wanted, key))
            .map_err(|why| refused(&why))?;
        Ok(Self { issuer })
    }

    /// Its own certificate in PEM, for who is to trust it.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// For a client; Kubernetes takes the common name as the user's and the organization as its group.
    ///
    /// # Errors
    /// [`Error::Missing`] where the system gives no key.
    pub fn client(&self, user: &str, group: Option<&str>) -> Result<Certified, Error> {
        let mut wanted = CertificateParams::default();
        wanted.distinguished_name.push(DnType::CommonName, user);
        if let Some(group) = group {
            wanted.distinguished_name.push(DnType::OrganizationName, group);
        }
        self.certify(wanted, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// For a server at these host names and addresses.
    ///
    /// # Errors
    /// [`Error::Missing`] where one is neither, or the system gives no key.
    pub fn server(&self, names: &[String]) -> Result<Certified, Error> {
        let wanted = CertificateParams::new(names).map_err(|why| refused(&why))?;
        self.certify(wanted, ExtendedKeyUsagePurpose::ServerAuth)
    }

    fn certify(
        &self,
        mut wanted: CertificateParams,
        purpose: ExtendedKeyUsagePurpose,
    ) -> Result<Certified, Error> {
        wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        wanted.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().map_err(|why| refused(&why))?;
        let certificate = wanted
            .signed_by(&key, &self.issuer)
            .map_err(|why| refused(&why))?;
        Ok(Certified {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

fn refused(why: &rcgen::Error) -> Error {
    Error::Missing(format!("no certificate could be made: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_authority_signs_differs_and_is_in_pem() {
        let authority = Authority::new("ours").unwrap();
        let client = authority.client("somebody", Some("some:group")).unwrap();
        let server = authority
            .server(&["example.test".to_owned(), "10.0.0.1".to_owned()])
            .unwrap();
        for pem in [&authority.pem(), &client.certificate, &server.certificate] {
            assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
        }
        assert!(client.key.starts_with("-----BEGIN PRIVATE KEY-----"));
        assert_ne!(client.key, server.key);
    }
}
