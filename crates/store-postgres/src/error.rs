//! What the database says, as errors of the seam.

use std::error::Error as _;

use store::Error;
use tokio_postgres::error::SqlState;

/// The error of a statement.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn of_statement(error: tokio_postgres::Error) -> Error {
    let Some(said) = error.as_db_error() else {
        let lost =
            error.is_closed() || error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
        return if lost { unavailable(&chain(&error)) } else { Error::Backend(chain(&error)) };
    };
    let words = format!("{} (SQLSTATE {})", said.message(), said.code().code());
    match said.code() {
        // A unique violation here is a race: whoever comes second finds the other one when it is tried again.
        &SqlState::T_R_SERIALIZATION_FAILURE
        | &SqlState::T_R_DEADLOCK_DETECTED
        | &SqlState::UNIQUE_VIOLATION => Error::Serialization,
        // What a standby answers that was the primary before; a lock that nobody gave back in time.
        &SqlState::READ_ONLY_SQL_TRANSACTION | &SqlState::LOCK_NOT_AVAILABLE => unavailable(&words),
        &SqlState::DISK_FULL => Error::Backend(format!("the disk of the database is full: {words}")),
        code if ["08", "53", "57P"].iter().any(|class| code.code().starts_with(class)) => unavailable(&words),
        _ => Error::Backend(format!("the database refuses: {words}")),
    }
}

/// The error of a connection that could not be had.
pub(crate) fn of_pool(error: &deadpool_postgres::PoolError) -> Error {
    use deadpool_postgres::PoolError;
    match error {
        PoolError::Closed => Error::Closed,
        PoolError::Backend(error) => unavailable(&chain(error)),
        PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
            unavailable("all connections to it are in use")
        }
        PoolError::Timeout(_) => unavailable("it does not answer in time"),
        PoolError::PostCreateHook(error) => unavailable(&error.to_string()),
        PoolError::NoRuntimeSpecified => Error::Backend(error.to_string()),
    }
}

fn unavailable(why: &str) -> Error {
    Error::Unavailable(format!("the database cannot be reached: {why}"))
}

/// An error with what caused it. Neither has anything of the address but the name of the host.
pub(crate) fn chain(error: &tokio_postgres::Error) -> String {
    let mut words = match error.as_db_error() {
        Some(said) => return format!("{} (SQLSTATE {})", said.message(), said.code().code()),
        None => error.to_string(),
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = error.source();
    }
    words
}
