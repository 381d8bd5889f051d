//! Measurements of release builds, as users meet them: over HTTP and through the command line. Each figure is a ratio
//! against a yardstick that is taken in the same run, by the same generator, on the same machine.

mod engine;
mod load;
mod provost;
mod scim;
mod target;
mod yardstick;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask bench", about = "Measures a release build of provost")]
struct Arguments {
    #[command(subcommand)]
    measurement: Measurement,
}

#[derive(Subcommand)]
enum Measurement {
    /// The provisioning service: initial cycles, changes, a brownfield, the delay of a change
    Engine(engine::Options),
    /// The service provider: reads, filters, writes, memberships and lists, against yardsticks
    Scim(scim::Options),
    /// The yardstick of reads: the bytes of a file, served by the same HTTP library
    #[command(hide = true)]
    Hello {
        /// What every request is answered with
        body: std::path::PathBuf,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().measurement {
        Measurement::Engine(options) => engine::run(&options).await,
        Measurement::Scim(options) => scim::run(&options).await,
        Measurement::Hello { body } => yardstick::hello(&body).await,
    }
}
