//! Credentials of a role. A refusal of STS keeps its class inside of what the SDK wraps around it, so that a busy STS is told
//! from one that says no.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use crate::aws::error::AwsError;

/// Credentials of a role, taken with the operator's own. The SDK's identity cache renews them before they expire.
#[derive(Debug)]
pub(super) struct AssumedRole {
    /// Asked with the operator's own credentials.
    pub(super) sts: aws_sdk_sts::Client,
    /// The role's ARN.
    pub(super) role: String,
    /// What its trust policy asks for.
    pub(super) external_id: Option<String>,
}

impl AssumedRole {
    async fn assume(&self) -> Result<Credentials, CredentialsError> {
        let answer = self
            .sts
            .assume_role()
            .role_arn(&self.role)
            .set_external_id(self.external_id.clone())
            .role_session_name("ecs-operator")
            .send()
            .await
            .map_err(|error| CredentialsError::provider_error(AwsError::from_sdk("AssumeRole", &error)))?;
        let taken = answer
            .credentials
            .ok_or_else(|| CredentialsError::unhandled("AssumeRole answered without credentials"))?;
        let expiry =
            std::time::SystemTime::try_from(taken.expiration).map_err(CredentialsError::unhandled)?;
        Ok(Credentials::new(
            taken.access_key_id,
            taken.secret_access_key,
            Some(taken.session_token),
            Some(expiry),
            "AssumedRole",
        ))
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
