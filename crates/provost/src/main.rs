//! The binary: command line, configuration, composition.

use std::process::ExitCode;

use clap::Parser as _;

mod answer;
mod cli;
mod client;
mod commands;
mod demo;
mod people;
mod pin;
mod progress;
mod serve;

/// A request is many small allocations: with this allocator it takes a tenth less than with the system's
/// (`docs/benchmarks.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and version are no failures; everything else is wrong usage.
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        // The arguments cannot be read, so whether JSON is wanted has to be found in their text.
        Err(error) if std::env::args_os().any(|argument| argument == "--json") => {
            return answer::Failure::wrong_usage(&error.to_string()).print(true);
        }
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(2);
        }
    };
    let json = arguments.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return answer::Failure::new("Runtime", format!("the program cannot start its threads: {error}"), "the system is short of memory or threads: end other programs, or raise the limits (ulimit -u)")
                .print(json);
        }
    };
    let outcome = runtime.block_on(commands::run(arguments));
    runtime.shutdown_background();
    match outcome {
        Ok(answer) => answer.print(json),
        Err(failure) => failure.print(json),
    }
}
