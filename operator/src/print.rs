//! What the program prints for those who install it: the CRDs, the Roles, the IAM policy.

use std::io::Write;

use ecs_crds::AwsAccount;

use crate::args::{Iam, Rbac};
use crate::production::Failure;
use crate::{iam, rbac};

/// Prints the custom resource definitions.
///
/// # Errors
/// When standard output is closed, or one cannot be written as YAML.
pub fn crds() -> Result<(), Failure> {
    put(&ecs_crds::crd_yaml()?)
}

/// Prints the Roles and bindings that the operator needs, or the rules as helpers of the chart.
///
/// # Errors
/// When standard output is closed, or one cannot be written as YAML.
pub fn rbac(args: &Rbac) -> Result<(), Failure> {
    if args.chart_template {
        return put(&rbac::template());
    }
    put(&rbac::yaml(&args.options())?)
}

/// Prints the minimal IAM policy.
///
/// # Errors
/// When standard output is closed, or the file of an account cannot be read.
pub fn iam_policy(args: &Iam) -> Result<(), Failure> {
    let mut scope = match &args.namespace_scoped {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|why| format!("cannot read {} (--namespace-scoped): {why}", path.display()))?;
            let account: AwsAccount = serde_saphyr::from_str(&text)
                .map_err(|why| format!("{} is no AwsAccount manifest: {why}", path.display()))?;
            iam::Scope::of(&account)
        }
        None => iam::Scope::default(),
    };
    args.refine(&mut scope);
    put(&format!("{:#}\n", iam::policy(&scope)))
}

fn put(text: &str) -> Result<(), Failure> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
