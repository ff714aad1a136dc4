//! Counts panics on the test's own thread, caught ones too: a reconcile that panics is a bug even where a guard catches it.

use std::cell::RefCell;
use std::sync::Once;

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

static HOOK: Once = Once::new();

/// The panics on this thread since [`Panics::begin`].
pub(crate) struct Panics;

impl Panics {
    /// Starts counting. A test runs one world at a time on its thread.
    pub(crate) fn begin() -> Self {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                SEEN.with_borrow_mut(|seen| seen.push(info.to_string()));
                before(info);
            }));
        });
        SEEN.with_borrow_mut(Vec::clear);
        Self
    }

    /// Their messages.
    #[expect(clippy::unused_self, reason = "the guard's being there is what collects them")]
    pub(crate) fn seen(&self) -> Vec<String> {
        SEEN.with_borrow(Vec::clone)
    }
}
