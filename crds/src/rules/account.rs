//! Rules of `AwsAccount`.

use super::{Rules, rule};

pub(crate) fn rules() -> Rules {
    Rules {
        spec: vec![
            rule(
                "self.accountId == oldSelf.accountId",
                "accountId",
                "accountId cannot be changed: create another AwsAccount",
            ),
            rule(
                "!has(self.roleArn) || self.roleArn.split(':')[4] == self.accountId",
                "roleArn",
                "roleArn must be a role of the account that accountId names",
            ),
            rule(
                "!has(self.externalId) || has(self.roleArn)",
                "externalId",
                "externalId is for assuming a role: set roleArn too",
            ),
        ],
        object: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::cel::{Case, check};
    use serde_json::json;

    #[test]
    fn rules_hold() {
        let id = "123456789012";
        check::<crate::AwsAccount>(&[
            Case::fine(json!({"accountId": id, "region": "us-east-1"})),
            Case::fine(
                json!({"accountId": id, "region": "us-east-1", "roleArn": "arn:aws:iam::123456789012:role/a"}),
            ),
            Case::bad(
                json!({"accountId": id, "region": "us-east-1", "roleArn": "arn:aws:iam::999999999999:role/a"}),
                "roleArn must be a role of the account that accountId names",
            ),
            Case::bad(
                json!({"accountId": id, "region": "us-east-1", "externalId": "abc"}),
                "externalId is for assuming a role: set roleArn too",
            ),
            Case::change(
                json!({"accountId": id, "region": "us-east-1"}),
                json!({"accountId": id, "region": "eu-west-1", "roleArn": "arn:aws:iam::123456789012:role/a"}),
                None,
            ),
            Case::change(
                json!({"accountId": id, "region": "us-east-1"}),
                json!({"accountId": "999999999999", "region": "us-east-1"}),
                Some("accountId cannot be changed"),
            ),
        ]);
    }
}
