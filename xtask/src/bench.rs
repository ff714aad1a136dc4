//! `cargo xtask bench`: how much the operator costs.

use clap::Args;

use crate::error::Error;

/// Options of `bench`
#[derive(Args)]
pub struct Options {
    /// How many services to create
    #[arg(long, default_value_t = 1000)]
    services: u32,
}

/// To be filled.
pub fn bench(options: &Options) -> Result<(), Error> {
    Err(Error::told(format!(
        "bench of {} services is not there yet",
        options.services
    )))
}
