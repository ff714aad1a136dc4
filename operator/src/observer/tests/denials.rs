//! What is denied of one hides nothing of another.

use super::*;

#[tokio::test(start_paused = true)]
async fn one_denied_name_does_not_hide_the_others() {
    let aws = FakeAws::new(|call| {
        let answer = ecs(call, &["a", "b", "c", "d"], "theirs");
        if answer.0 == 400 {
            return refusal(400, "AccessDeniedException", "not authorized on resource theirs");
        }
        answer
    });
    let observer = observer(&aws);
    for name in ["a", "b", "theirs", "c", "d"] {
        observer.watch(&named(name), &object(name));
    }
    seconds(31).await;
    for name in ["a", "b", "c", "d"] {
        assert!(observer.service(&named(name)).is_some(), "{name}");
    }
    let error = observer.failure(&named("theirs")).unwrap();
    assert!(error.is("AccessDeniedException"), "{error}");
}
