//! The operator's log: errors in it are counted, since a clean run has none; `SIM_LOG=debug` shows all of it.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, Registry, filter};

/// What was logged as an error on this thread since [`Logs::begin`].
pub(crate) struct Logs {
    errors: Arc<Mutex<Vec<String>>>,
    _until_dropped: DefaultGuard,
}

impl Logs {
    /// Listens on this thread until dropped.
    pub(crate) fn begin() -> Self {
        let errors = Arc::new(Mutex::new(Vec::new()));
        let counting = Counting(errors.clone()).with_filter(filter::LevelFilter::ERROR);
        let shown = std::env::var("SIM_LOG").ok().map(|wanted| {
            let plain = tracing_subscriber::fmt::layer()
                .with_test_writer()
                .without_time()
                .with_ansi(false);
            plain.with_filter(EnvFilter::new(wanted))
        });
        let subscriber = Registry::default().with(counting).with(shown);
        Self {
            errors,
            _until_dropped: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The errors.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.errors.lock().expect("not poisoned").clone()
    }
}

struct Counting(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Counting {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text(event.metadata().target().to_owned());
        event.record(&mut text);
        if *event.metadata().level() == Level::ERROR {
            self.0.lock().expect("not poisoned").push(text.0);
        }
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).expect("a string takes everything");
    }
}
