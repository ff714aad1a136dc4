use aws_smithy_types::error::ErrorMetadata;

use super::*;

#[test]
fn sorts_by_code_and_where_that_says_nothing_by_words() {
    let cases = [
        ("ThrottlingException", "Rate exceeded", Class::Throttled),
        ("ClientException", "Rate exceeded", Class::Throttled),
        (
            "ServerException",
            "Service Unavailable. Please try again later.",
            Class::Transient,
        ),
        ("ClusterNotFoundException", "Cluster not found.", Class::Transient),
        (
            "InvalidParameterException",
            "The target group with targetGroupArn arn:x does not have an associated load balancer.",
            Class::Transient,
        ),
        (
            "InvalidParameterException",
            "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
            Class::Transient,
        ),
        (
            "ClientException",
            "ECS was unable to assume the role 'arn:x' that was provided for this task.",
            Class::Transient,
        ),
        (
            "ClientException",
            "Too many concurrent attempts to create a new revision of the specified family.",
            Class::Conflict,
        ),
        (
            "InvalidParameterException",
            "Creation of service was not idempotent.",
            Class::Conflict,
        ),
        (
            "InvalidParameterException",
            "Unable to Start a service that is still Draining.",
            Class::Conflict,
        ),
        ("UpdateInProgressException", "", Class::Conflict),
        ("AccessDeniedException", "User is not authorized", Class::Denied),
        ("LimitExceededException", "The limit is 5000", Class::Quota),
        ("ServiceNotFoundException", "Service not found.", Class::NotFound),
        ("ClientException", "TaskDefinition not found.", Class::NotFound),
        ("ClientException", "TaskDefinition is inactive", Class::NotFound),
        (
            "ClientException",
            "Unable to describe task definition.",
            Class::NotFound,
        ),
        // Of a service that is DRAINING, and of one that is INACTIVE: the next look tells which.
        (
            "ServiceNotActiveException",
            "Service was not ACTIVE.",
            Class::Conflict,
        ),
        ("InvalidParameterException", "Role is not valid", Class::Invalid),
        (
            "ClientException",
            "No Fargate configuration exists for given values.",
            Class::Invalid,
        ),
        ("UnsupportedFeatureException", "", Class::Invalid),
    ];
    for (code, message, class) in cases {
        assert_eq!(classify(code, message), class, "{code}: {message}");
    }
}

#[test]
fn missing_credentials_are_denied_only_where_waiting_gives_none() {
    let refused =
        |code: &str, words: &str| CredentialsError::provider_error(AwsError::new("AssumeRole", code, words));
    let cases = [
        (refused("Throttling", "Rate exceeded"), Class::Throttled),
        (refused("ServiceUnavailable", "busy"), Class::Transient),
        (refused("AccessDenied", "no"), Class::Denied),
        (refused("ValidationError", "no such role"), Class::Denied),
        (CredentialsError::not_loaded("nobody set any up"), Class::Denied),
        (CredentialsError::invalid_configuration("a loop"), Class::Denied),
        (CredentialsError::provider_error("503 of IMDS"), Class::Transient),
        (CredentialsError::unhandled("no answer in time"), Class::Transient),
        (
            CredentialsError::provider_timed_out(std::time::Duration::from_secs(5)),
            Class::Transient,
        ),
    ];
    for (missing, class) in cases {
        let error = SdkError::<AssumeRoleWithWebIdentityError, HttpResponse>::construction_failure(missing);
        let error = AwsError::from_sdk("UpdateService", &error);
        assert_eq!(
            (error.class, error.code.as_str()),
            (class, "Credentials"),
            "{error}"
        );
    }
    let refused =
        AssumeRoleWithWebIdentityError::generic(ErrorMetadata::builder().code("AccessDenied").build());
    assert_eq!(
        class_of_missing(&CredentialsError::provider_error(refused)),
        Class::Denied
    );
}

#[test]
fn shows_operation_code_and_the_words_of_aws() {
    let error = AwsError::new("UpdateService", "ServiceNotFoundException", "Service not found.");
    assert_eq!(
        error.to_string(),
        "UpdateService: ServiceNotFoundException: Service not found."
    );
    assert!(error.is("ServiceNotFoundException"));
}
