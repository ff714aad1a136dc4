//! The secrets of one control plane: bearer tokens and the key pair that signs service account tokens.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use crate::Error;

/// What comes before the point in the DER form of a P-256 public key (RFC 5480 `SubjectPublicKeyInfo`: id-ecPublicKey, prime256v1, bit string of 66 bytes).
const P256_PUBLIC_KEY_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A key pair in PEM, as kube-apiserver reads it.
pub(super) struct PemKeyPair {
    pub private: String,
    pub public: String,
}

/// A new P-256 key pair.
pub(super) fn signing_pair() -> Result<PemKeyPair, Error> {
    let random = SystemRandom::new();
    let no_key = |why: &dyn std::fmt::Display| {
        Error::Missing(format!(
            "the system gives no key pair for service account tokens: {why}"
        ))
    };
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
        .map_err(|why| no_key(&why))?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
        .map_err(|why| no_key(&why))?;
    let public = [P256_PUBLIC_KEY_PREFIX.as_slice(), pair.public_key().as_ref()].concat();
    Ok(PemKeyPair {
        private: pem("PRIVATE KEY", document.as_ref()),
        public: pem("PUBLIC KEY", &public),
    })
}

/// A bearer token that nobody guesses.
pub(super) fn token() -> Result<String, Error> {
    let mut bytes = [0; 24];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|why| Error::Missing(format!("the system gives no random bytes: {why}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut body = String::new();
    for (index, character) in STANDARD.encode(der).chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            body.push('\n');
        }
        body.push(character);
    }
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_91_bytes_of_der_in_lines_of_64() {
        let pair = signing_pair().unwrap();
        let body: Vec<&str> = pair
            .public
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        assert_eq!(STANDARD.decode(body.concat()).unwrap().len(), 91);
        assert!(body.iter().all(|line| line.len() <= 64));
        assert!(pair.private.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    }

    #[test]
    fn tokens_differ() {
        assert_ne!(token().unwrap(), token().unwrap());
    }
}
