//! What to do about an account: nothing but to say what holds of it, and to let it go when nothing needs it. Pure.

use ecs_crds::AwsAccountSpec;
use ecs_crds::conditions::Reason;
use ecs_crds::status::{LISTED, User};

use crate::aws::account::Caller;
use crate::aws::error::AwsError;
use crate::k8s::object::ObjectKey;
use crate::kinds::place::Nowhere;
use crate::kinds::verdict::Verdict;

/// An object that uses the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Which.
    pub key: ObjectKey,
    /// It has our finalizer, so it may have a resource.
    pub holds: bool,
    /// It is being deleted.
    pub going: bool,
    /// Its resource, as far as its status knows.
    pub arn: Option<String>,
}

/// What is known around an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Whose its credentials are.
    pub caller: Result<Caller, AwsError>,
    /// The objects that use it, in order.
    pub users: Vec<Holder>,
}

/// What becomes of an account.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Plan {
    /// It stays, and this is to be said of it.
    Stay(Verdict),
    /// It goes.
    Go,
    /// It goes, and what its objects have in ECS is left there: those that are being deleted are let go as well.
    GiveUp(Vec<Holder>),
}

/// Decides. `going`: the account is being deleted; `given_up`: a person said that what is left in it is to be left.
pub fn plan(spec: &AwsAccountSpec, seen: &Seen, going: bool, given_up: bool) -> Plan {
    let holders: Vec<&Holder> = seen.users.iter().filter(|user| user.holds).collect();
    if going && holders.is_empty() {
        return Plan::Go;
    }
    if going && given_up {
        return Plan::GiveUp(holders.into_iter().cloned().collect());
    }
    if going {
        return Plan::Stay(Verdict::working(Reason::InUse, held(&holders)));
    }
    Plan::Stay(match &seen.caller {
        Ok(caller) if caller.account == spec.account_id => {
            Verdict::verified(format!("the credentials belong to {}", caller.arn))
        }
        Ok(caller) => Verdict::of_nowhere(&Nowhere {
            reason: Reason::AccountMismatch,
            message: format!(
                "the credentials ({}) belong to account {}, not to {}; nothing is changed there",
                caller.arn, caller.account, spec.account_id
            ),
        }),
        Err(error) => Verdict::of_error(error, std::time::Duration::ZERO),
    })
}

fn held(holders: &[&Holder]) -> String {
    const NAMED: usize = 5;
    let named: Vec<String> = holders
        .iter()
        .take(NAMED)
        .map(|holder| holder.key.to_string())
        .collect();
    let more = match holders.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "held by {}{more}; delete them, or set annotation {} to leave what they have in ECS",
        named.join(", "),
        crate::kinds::orphan::ORPHAN
    )
}

/// The objects that hold the account, as its status lists them.
pub fn listed(users: &[Holder]) -> Vec<User> {
    let holders = users.iter().filter(|user| user.holds).take(LISTED);
    holders
        .map(|holder| User {
            kind: holder.key.kind.as_str().to_owned(),
            namespace: holder.key.namespace.clone(),
            name: holder.key.name.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::error::Class;
    use crate::k8s::object::Kind;
    use serde_json::json;

    fn spec() -> AwsAccountSpec {
        serde_json::from_value(json!({"accountId": "123456789012", "region": "eu-west-1"})).unwrap()
    }

    fn holder(name: &str, holds: bool) -> Holder {
        Holder {
            key: ObjectKey::namespaced(Kind::EcsService, "shop", name),
            holds,
            going: true,
            arn: None,
        }
    }

    fn seen(account: &str, users: Vec<Holder>) -> Seen {
        Seen {
            caller: Ok(Caller {
                account: account.into(),
                arn: format!("arn:aws:iam::{account}:user/x"),
            }),
            users,
        }
    }

    #[test]
    fn is_ready_only_where_the_credentials_are_those_of_the_account() {
        let denied = AwsError::new("GetCallerIdentity", "AccessDeniedException", "no");
        let cases = [
            (seen("123456789012", vec![]), Reason::Verified, true),
            (seen("999999999999", vec![]), Reason::AccountMismatch, false),
            (
                Seen {
                    caller: Err(denied),
                    users: vec![],
                },
                Reason::AccessDenied,
                false,
            ),
            (
                Seen {
                    caller: Err(AwsError::local(
                        "GetCallerIdentity",
                        Class::Transient,
                        "Unreachable",
                        "x",
                    )),
                    users: vec![],
                },
                Reason::Unreachable,
                false,
            ),
        ];
        for (seen, reason, ready) in cases {
            let Plan::Stay(verdict) = plan(&spec(), &seen, false, false) else {
                panic!("{seen:?}")
            };
            assert_eq!((verdict.reason(), verdict.is_ready()), (reason, ready));
        }
    }

    #[test]
    fn is_held_by_objects_that_may_have_resources() {
        let cases = [
            (vec![], false, "go"),
            (vec![holder("never-allowed", false)], false, "go"),
            (vec![holder("web", true)], false, "stay"),
            (
                vec![holder("web", true), holder("other", false)],
                true,
                "give up 1",
            ),
            (vec![], true, "go"),
        ];
        for (users, given_up, expected) in cases {
            let found = match plan(&spec(), &seen("999999999999", users), true, given_up) {
                Plan::Stay(verdict) => {
                    assert!(
                        verdict.message().contains("EcsService shop/web"),
                        "{}",
                        verdict.message()
                    );
                    "stay".to_owned()
                }
                Plan::Go => "go".to_owned(),
                Plan::GiveUp(left) => format!("give up {}", left.len()),
            };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn lists_end() {
        let users: Vec<Holder> = (0..30).map(|n| holder(&format!("s{n}"), true)).collect();
        assert_eq!(listed(&users).len(), LISTED);
        let Plan::Stay(verdict) = plan(&spec(), &seen("1", users), true, false) else {
            panic!("it goes")
        };
        assert!(verdict.message().contains("and 25 more"), "{}", verdict.message());
    }
}
