//! Who calls, and where: the account and region that a request is for, from its `Authorization` header.
//!
//! Any credentials are accepted, no signature is verified. The region is that of the signature's scope. The account is the one
//! that temporary credentials of ours name (see [`temporary_key`]), else [`DEFAULT_ACCOUNT`].

use crate::fault::Fault;
use crate::world::names::{DEFAULT_ACCOUNT, RealmId};

/// What a signed request says of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account and region.
    pub realm: RealmId,
    /// The access key id.
    pub key: String,
    /// The role and session name, if the caller has temporary credentials of ours.
    pub session: Option<Session>,
}

/// An assumed role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The role's name, without its path.
    pub role: String,
    /// The session's name.
    pub name: String,
}

impl Caller {
    /// The caller's ARN, as `GetCallerIdentity` and `createdBy` show it.
    pub fn arn(&self) -> String {
        let RealmId { account, .. } = &self.realm;
        let partition = self.realm.partition();
        match &self.session {
            Some(Session { role, name }) => {
                format!("arn:{partition}:sts::{account}:assumed-role/{role}/{name}")
            }
            None => format!("arn:{partition}:iam::{account}:root"),
        }
    }
}

/// Reads the caller from the `Authorization` header and the session token.
///
/// # Errors
/// `MissingAuthenticationTokenException` without the header, `IncompleteSignatureException` for one that is not a Signature
/// Version 4 with a credential scope.
pub fn caller(authorization: Option<&str>, token: Option<&str>) -> Result<Caller, Fault> {
    let header = authorization
        .map(str::trim)
        .filter(|header| !header.is_empty())
        .ok_or_else(|| {
            Fault::common(
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            )
        })?;
    let (algorithm, rest) = header.split_once(char::is_whitespace).unwrap_or((header, ""));
    if !matches!(algorithm, "AWS4-HMAC-SHA256" | "AWS4-ECDSA-P256-SHA256") {
        return Err(incomplete(format!(
            "Unsupported AWS 'algorithm': '{algorithm}' (only AWS4-HMAC-SHA256 for now)"
        )));
    }
    let parameter = |name: &str| {
        rest.split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .filter(|value| !value.is_empty())
    };
    let missing: Vec<String> = ["Credential", "Signature", "SignedHeaders"]
        .into_iter()
        .filter(|name| parameter(name).is_none())
        .map(|name| format!("Authorization header requires '{name}' parameter."))
        .collect();
    let credential = match parameter("Credential") {
        Some(credential) if missing.is_empty() => credential,
        _ => return Err(incomplete(missing.join(" "))),
    };
    let mut scope = credential.rsplitn(5, '/');
    let (end, _service, region, _date, key) = (
        scope.next(),
        scope.next(),
        scope.next(),
        scope.next(),
        scope.next(),
    );
    match (end, region, key) {
        (Some("aws4_request"), Some(region), Some(key)) if !region.is_empty() && !key.is_empty() => {
            Ok(Caller {
                realm: RealmId {
                    account: account_of(key),
                    region: region.to_owned(),
                },
                key: key.to_owned(),
                session: token.and_then(session_of),
            })
        }
        _ => Err(incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
        ))),
    }
}

fn incomplete(message: String) -> Fault {
    Fault::common("IncompleteSignatureException", message)
}

/// The access key id of temporary credentials for an account: it names the account, so that no session has to be kept.
pub fn temporary_key(account: &str, suffix: &str) -> String {
    format!("ASIA{account}{suffix}")
}

/// The session token of temporary credentials: it names role and session.
pub fn temporary_token(session: &Session) -> String {
    format!("{TOKEN}{}/{}", session.role, session.name)
}

const TOKEN: &str = "ecs-backend/";

fn account_of(key: &str) -> String {
    let digits = key.strip_prefix("ASIA").and_then(|rest| rest.get(..12));
    let account = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    account.unwrap_or(DEFAULT_ACCOUNT).to_owned()
}

fn session_of(token: &str) -> Option<Session> {
    let (role, name) = token.strip_prefix(TOKEN)?.split_once('/')?;
    Some(Session {
        role: role.to_owned(),
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "SignedHeaders=host;x-amz-date, Signature=abc";

    #[test]
    fn any_well_formed_credentials_are_someone() {
        let header = |key: &str| {
            format!("AWS4-HMAC-SHA256 Credential={key}/20261122/eu-west-1/ecs/aws4_request, {SIGNED}")
        };
        let found = |key: &str, token: Option<&str>| {
            let caller = caller(Some(&header(key)), token).unwrap();
            (
                caller.realm.account.clone(),
                caller.realm.region.clone(),
                caller.arn(),
            )
        };
        let text = |(a, b, c): (&str, &str, &str)| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(
            found("test", None),
            text(("123456789012", "eu-west-1", "arn:aws:iam::123456789012:root"))
        );
        let session = Session {
            role: "ops".into(),
            name: "me".into(),
        };
        let key = temporary_key("210987654321", "0A1B");
        assert_eq!(key.len(), 20);
        let token = temporary_token(&session);
        assert_eq!(
            found(&key, Some(&token)),
            text((
                "210987654321",
                "eu-west-1",
                "arn:aws:sts::210987654321:assumed-role/ops/me"
            ))
        );
        assert_eq!(found("ASIAIOSFODNN7EXAMPLE", None).0, "123456789012");
        assert_eq!(found("a/b", None).0, "123456789012");
    }

    #[test]
    fn a_malformed_header_is_refused_as_aws_does() {
        let cases = [
            (
                None,
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            ),
            (
                Some(" "),
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            ),
            (
                Some("Bearer x"),
                "IncompleteSignatureException",
                "Unsupported AWS 'algorithm': 'Bearer' (only AWS4-HMAC-SHA256 for now)",
            ),
            (
                Some("AWS4-HMAC-SHA256 Credential=a/b/c/ecs/aws4_request"),
                "IncompleteSignatureException",
                "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.",
            ),
            (
                Some("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=h, Signature=s"),
                "IncompleteSignatureException",
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b'",
            ),
        ];
        for (header, code, message) in cases {
            let fault = caller(header, None).unwrap_err();
            assert_eq!(
                (fault.code.as_str(), fault.message.as_str()),
                (code, message),
                "{header:?}"
            );
        }
    }
}
