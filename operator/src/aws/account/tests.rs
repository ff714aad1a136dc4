use aws_sdk_ecs::operation::create_service::CreateServiceInput;
use aws_sdk_ecs::operation::describe_services::DescribeServicesInput;
use aws_sdk_ecs::operation::update_service::UpdateServiceInput;
use serde_json::json;
use tokio::sync::watch;

use super::*;
use crate::aws::fake::{Answer, FakeAws, key, refusal};
use crate::aws::operation::Family;

fn create() -> CreateServiceInput {
    CreateServiceInput::builder()
        .service_name("web")
        .desired_count(3)
        .client_token("token")
        .build()
        .unwrap()
}

fn update() -> UpdateServiceInput {
    UpdateServiceInput::builder()
        .service("web")
        .desired_count(3)
        .build()
        .unwrap()
}

fn describe() -> DescribeServicesInput {
    DescribeServicesInput::builder().services("web").build().unwrap()
}

fn fine(_: &crate::aws::fake::Call) -> Answer {
    (200, json!({}))
}

#[tokio::test(start_paused = true)]
async fn sends_the_ready_made_input_and_reads_the_output() {
    let aws = FakeAws::new(|_| {
        (
            200,
            json!({"service": {"serviceName": "web", "createdAt": 1_731_000_000.5}}),
        )
    });
    let target = aws.accounts(Fence::open()).target(&key());
    let answer = target.call(create()).await.unwrap();
    assert_eq!(answer.service().unwrap().service_name(), Some("web"));
    let expected = json!({"serviceName": "web", "desiredCount": 3, "clientToken": "token"});
    assert_eq!(aws.inputs("CreateService"), [expected]);
}

#[tokio::test(start_paused = true)]
async fn repeats_reads_and_nothing_else() {
    let cases = [
        (500, "ServerException", 2),
        (400, "ThrottlingException", 2),
        // A full quota does not empty by asking again.
        (400, "LimitExceededException", 1),
        (400, "InvalidParameterException", 1),
    ];
    for (status, code, describes) in cases {
        let aws = FakeAws::new(move |_| refusal(status, code, "no"));
        let target = aws.accounts(Fence::open()).target(&key());
        assert!(target.call(create()).await.unwrap_err().is(code));
        assert!(target.call(update()).await.unwrap_err().is(code));
        assert!(target.call(describe()).await.unwrap_err().is(code));
        let count = |operation| aws.inputs(operation).len();
        let counted = (
            count("CreateService"),
            count("UpdateService"),
            count("DescribeServices"),
        );
        assert_eq!(counted, (1, 1, describes), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_changes_anything_leaves_without_the_lead() {
    let (lead, following) = watch::channel(None);
    let aws = FakeAws::new(fine);
    let target = aws.accounts(Fence::following(following)).target(&key());
    let error = target.call(update()).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Standby, "NotLeading"));
    assert!(target.call(describe()).await.is_ok(), "looking is allowed");
    lead.send_replace(Some(Instant::now() + Duration::from_secs(10)));
    assert!(target.call(update()).await.is_ok());
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(target.call(create()).await.unwrap_err().class, Class::Standby);
    assert_eq!(aws.inputs("UpdateService").len(), 1);
    assert!(aws.inputs("CreateService").is_empty());
}

#[tokio::test(start_paused = true)]
async fn credentials_of_another_account_change_nothing() {
    let aws = FakeAws::new(fine);
    aws.move_credentials_to("999999999999");
    let target = aws.accounts(Fence::open()).target(&key());
    let error = target.call(update()).await.unwrap_err();
    assert_eq!(
        (error.class, error.code.as_str()),
        (Class::Denied, "WrongAccount")
    );
    assert!(error.message.contains("999999999999"), "{error}");
    assert!(aws.inputs("UpdateService").is_empty());
    // Found out again soon, so that it heals.
    aws.move_credentials_to("123456789012");
    tokio::time::advance(REFUSAL_STANDS).await;
    assert!(target.call(update()).await.is_ok());
    target.call(update()).await.unwrap();
    assert_eq!(
        aws.inputs("GetCallerIdentity").len(),
        2,
        "once verified, it is trusted for an hour"
    );
}

#[tokio::test(start_paused = true)]
async fn assumes_the_role_once_and_signs_with_it() {
    let aws = FakeAws::new(fine);
    let role = Some("arn:aws:iam::123456789012:role/ecs".to_owned());
    let with_role = TargetKey {
        role,
        external_id: Some("ext".to_owned()),
        ..key()
    };
    let target = aws.accounts(Fence::open()).target(&with_role);
    target.call(update()).await.unwrap();
    target.call(update()).await.unwrap();
    let assumed = aws.inputs("AssumeRole");
    // Once for STS's own client and once for that of ECS: each keeps its own identity.
    assert!(assumed.len() <= 2, "{assumed:?}");
    assert_eq!(assumed[0]["ExternalId"], "ext");
    let signed: Vec<_> = aws
        .calls()
        .iter()
        .filter(|call| call.operation == "UpdateService")
        .map(|call| call.access_key.clone())
        .collect();
    assert_eq!(signed, ["assumed", "assumed"]);
}

#[tokio::test(start_paused = true)]
async fn a_busy_sts_is_told_from_one_that_refuses_the_role() {
    let cases = [
        (503, "ServiceUnavailable", Class::Transient),
        (400, "Throttling", Class::Throttled),
        (403, "AccessDenied", Class::Denied),
    ];
    for (status, code, class) in cases {
        let aws = FakeAws::new(fine);
        aws.refuse("AssumeRole", Some((status, code)));
        let role = Some("arn:aws:iam::123456789012:role/ecs".to_owned());
        let target = aws.accounts(Fence::open()).target(&TargetKey { role, ..key() });
        let error = target.call(describe()).await.unwrap_err();
        assert_eq!(
            (error.class, error.code.as_str()),
            (class, "Credentials"),
            "{error}"
        );
        aws.refuse("AssumeRole", None);
        assert!(target.call(describe()).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_sts_takes_no_verified_identity_away_for_an_hour() {
    let aws = FakeAws::new(fine);
    let target = aws.accounts(Fence::open()).target(&key());
    target.verify().await.unwrap();
    aws.refuse("GetCallerIdentity", Some((503, "ServiceUnavailable")));
    tokio::time::advance(IDENTITY_TRUSTED).await;
    target.verify().await.unwrap();
    let asked = aws.inputs("GetCallerIdentity").len();
    target.verify().await.unwrap();
    assert_eq!(aws.inputs("GetCallerIdentity").len(), asked, "not at every call");
    // Once it answers, its word counts.
    aws.refuse("GetCallerIdentity", None);
    aws.move_credentials_to("999999999999");
    tokio::time::advance(REFUSAL_STANDS).await;
    assert!(target.verify().await.unwrap_err().is("WrongAccount"));

    aws.move_credentials_to("123456789012");
    tokio::time::advance(REFUSAL_STANDS).await;
    target.verify().await.unwrap();
    aws.refuse("GetCallerIdentity", Some((503, "ServiceUnavailable")));
    tokio::time::advance(IDENTITY_TRUSTED + IDENTITY_OUTLIVES).await;
    assert_eq!(target.verify().await.unwrap_err().class, Class::Transient);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_too_long_is_given_up() {
    let aws = FakeAws::new(fine).slow(Duration::from_mins(1));
    let target = aws.accounts(Fence::open()).target(&key());
    let started = Instant::now();
    let error = target.call(describe()).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Transient, "Timeout"));
    assert!(
        started.elapsed() < Duration::from_secs(25),
        "two attempts of ten seconds"
    );
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_taken_back_is_that_of_the_process_again() {
    let accounts = FakeAws::new(fine).accounts(Fence::open());
    let budget = accounts.target(&key()).budget.clone();
    let seconds_for_two = async || {
        let started = Instant::now();
        for _ in 0..2 {
            budget.take(Family::ServiceModify).await.unwrap();
        }
        started.elapsed().as_secs_f64()
    };
    // Used first, so that what was saved up is gone.
    accounts.set_budget(&key(), Some(2));
    seconds_for_two().await;
    let slow = seconds_for_two().await;
    assert!((19.0..21.0).contains(&slow), "2 % of five a second, took {slow}");
    accounts.set_budget(&key(), None);
    let usual = seconds_for_two().await;
    assert!((0.7..0.9).contains(&usual), "half of five a second, took {usual}");
}

#[tokio::test(start_paused = true)]
async fn one_budget_for_all_roles_of_an_account_and_region() {
    let aws = FakeAws::new(fine);
    let accounts = aws.accounts(Fence::open());
    let other = TargetKey {
        role: Some("arn:aws:iam::123456789012:role/ecs".to_owned()),
        ..key()
    };
    let (one, two) = (accounts.target(&key()), accounts.target(&other));
    assert!(Arc::ptr_eq(&one.budget, &two.budget));
    let elsewhere = TargetKey {
        region: "us-east-1".to_owned(),
        ..key()
    };
    assert!(!Arc::ptr_eq(&one.budget, &accounts.target(&elsewhere).budget));
    assert!(
        Arc::ptr_eq(&one, &accounts.target(&key())),
        "a target is made once"
    );
}
