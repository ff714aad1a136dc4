//! STS, as far as the operator uses it: AWS Query in, XML out. Stateless: temporary credentials name their account and
//! session (see [`crate::identity`]).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::fault::Fault;
use crate::identity::{self, Caller, Session};
use crate::world::ids::Ids;

/// The XML namespace of the answers.
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The operations that are there.
pub const OPERATIONS: [&str; 2] = ["AssumeRole", "GetCallerIdentity"];

/// Carries an action out and gives the inner part of the answer.
///
/// # Errors
/// `InvalidAction` for an action that is not there, `ValidationError` for wrong parameters.
pub fn carry_out(
    fields: &BTreeMap<String, String>,
    caller: &Caller,
    now: Timestamp,
    ids: &mut Ids,
) -> Result<String, Fault> {
    match fields.get("Action").map(String::as_str) {
        Some("GetCallerIdentity") => Ok(caller_identity(caller)),
        Some("AssumeRole") => assume_role(fields, caller, now, ids),
        action => {
            let action = action.unwrap_or_default();
            Err(Fault::common(
                "InvalidAction",
                format!("Could not find operation {action} for version 2011-06-15"),
            ))
        }
    }
}

/// The whole document of an answer.
pub fn document(action: &str, result: &str, request_id: &str) -> String {
    format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    )
}

/// The common errors have other names in AWS Query than in AWS JSON: without `Exception`.
pub fn in_query_words(fault: Fault) -> Fault {
    match fault.code.strip_suffix("Exception") {
        Some("MissingAuthenticationToken") => Fault {
            code: "MissingAuthenticationToken".to_owned(),
            status: 403,
            ..fault
        },
        Some(code @ ("IncompleteSignature" | "Throttling")) => Fault {
            code: code.to_owned(),
            ..fault
        },
        _ => fault,
    }
}

/// The whole document of a refusal.
pub fn refusal(fault: &Fault, request_id: &str) -> String {
    let kind = if fault.status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        escaped(&fault.code),
        escaped(&fault.message)
    )
}

fn caller_identity(caller: &Caller) -> String {
    let user = caller
        .session
        .as_ref()
        .map_or_else(|| caller.realm.account.clone(), |it| user_id(&it.role, &it.name));
    let (arn, account) = (caller.arn(), &caller.realm.account);
    format!(
        "<Arn>{}</Arn><UserId>{}</UserId><Account>{account}</Account>",
        escaped(&arn),
        escaped(&user)
    )
}

fn assume_role(
    fields: &BTreeMap<String, String>,
    caller: &Caller,
    now: Timestamp,
    ids: &mut Ids,
) -> Result<String, Fault> {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let invalid = |text: String| Fault::common("ValidationError", text);
    let (arn, name) = (field("RoleArn"), field("RoleSessionName"));
    let (account, role) = role_of(arn).ok_or_else(|| invalid(format!("{arn} is invalid")))?;
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    if !(2..=64).contains(&name.len()) || !name.chars().all(legal) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let seconds = match field("DurationSeconds") {
        "" => 3600,
        text => text.parse().ok().filter(|seconds| (900..=43_200).contains(seconds)).ok_or_else(|| {
            invalid(format!("1 validation error detected: Value '{text}' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200"))
        })?,
    };
    let until = now
        .checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX);
    let until = until.strftime("%Y-%m-%dT%H:%M:%SZ");
    let session = Session {
        role: role.to_owned(),
        name: name.to_owned(),
    };
    let key = identity::temporary_key(account, &ids.hex(4).to_uppercase());
    let (secret, token) = (ids.hex(40), identity::temporary_token(&session));
    let assumed = format!(
        "arn:{}:sts::{account}:assumed-role/{role}/{name}",
        caller.realm.partition()
    );
    Ok(format!(
        "<AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser><Credentials><AccessKeyId>{key}</AccessKeyId>\
         <SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{until}</Expiration></Credentials>",
        escaped(&user_id(role, name)),
        escaped(&assumed),
        escaped(&token)
    ))
}

/// Account and role name, without the path, of a role's ARN.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.strip_prefix("arn:")?.splitn(5, ':').skip(1);
    let (service, _region, account, resource) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let name = resource
        .strip_prefix("role/")?
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (service == "iam" && is_account).then_some((account, name))
}

/// The id that stands for a role and session; the role's part depends on nothing but its name.
fn user_id(role: &str, session: &str) -> String {
    format!("AROA{}:{session}", Ids::new(0, role).hex(16).to_uppercase())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::names::RealmId;

    fn caller() -> Caller {
        let realm = RealmId {
            account: "123456789012".into(),
            region: "eu-west-1".into(),
        };
        Caller {
            realm,
            key: "test".into(),
            session: None,
        }
    }

    fn done(body: &str) -> Result<String, Fault> {
        carry_out(
            &crate::form::fields(body),
            &caller(),
            Timestamp::UNIX_EPOCH,
            &mut Ids::new(1, ""),
        )
    }

    #[test]
    fn who_am_i() {
        assert_eq!(
            done("Action=GetCallerIdentity").unwrap(),
            "<Arn>arn:aws:iam::123456789012:root</Arn><UserId>123456789012</UserId><Account>123456789012</Account>"
        );
    }

    #[test]
    fn the_credentials_of_a_role_are_of_its_account() {
        let answer =
            done("Action=AssumeRole&RoleArn=arn:aws:iam::210987654321:role/path/ops&RoleSessionName=me")
                .unwrap();
        let inner = |name: &str| {
            let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        assert_eq!(inner("Arn"), "arn:aws:sts::210987654321:assumed-role/ops/me");
        assert_eq!(inner("Expiration"), "1970-01-01T01:00:00Z");
        let header = format!(
            "AWS4-HMAC-SHA256 Credential={}/20261122/eu-west-1/ecs/aws4_request, SignedHeaders=a, Signature=b",
            inner("AccessKeyId")
        );
        let then = identity::caller(Some(&header), Some(&inner("SessionToken"))).unwrap();
        assert_eq!(then.arn(), "arn:aws:sts::210987654321:assumed-role/ops/me");
        assert_eq!(then.realm.account, "210987654321");
    }

    #[test]
    fn wrong_parameters_are_refused() {
        let cases = [
            ("Action=Nothing", "InvalidAction"),
            (
                "Action=AssumeRole&RoleArn=x&RoleSessionName=me",
                "ValidationError",
            ),
            (
                "Action=AssumeRole&RoleArn=arn:aws:iam::1:role/a&RoleSessionName=me",
                "ValidationError",
            ),
            (
                "Action=AssumeRole&RoleArn=arn:aws:iam::210987654321:role/a&RoleSessionName=",
                "ValidationError",
            ),
            (
                "Action=AssumeRole&RoleArn=arn:aws:iam::210987654321:role/a&RoleSessionName=me&DurationSeconds=1",
                "ValidationError",
            ),
        ];
        for (body, code) in cases {
            assert_eq!(done(body).unwrap_err().code, code, "{body}");
        }
        let document = refusal(&Fault::common("A", "<&>"), "id");
        assert!(
            document.contains("<Message>&lt;&amp;&gt;</Message>"),
            "{document}"
        );
    }
}
