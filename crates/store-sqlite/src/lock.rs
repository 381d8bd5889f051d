//! One process at a time.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use store::{Error, Result};

/// The name of the lock file in the data directory. It stays there; what counts is the lock on it.
const FILE: &str = "provost.lock";

/// A process that was just killed holds its lock until the system has put it away: how long that is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

/// Takes the lock of a data directory; it is held until the file is dropped, or its process ends however it may.
///
/// # Errors
/// [`Error::Locked`] while another process holds it.
pub(crate) fn take(dir: &Path) -> Result<File> {
    let path = dir.join(FILE);
    let failed = |error: std::io::Error| Error::Backend(format!("cannot lock {}: {error}", path.display()));
    let mut file = crate::private_file(&path).map_err(failed)?;
    let asked = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if asked.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(Error::Locked(taken(dir, &path, &mut file))),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    // Only for the message above; the number is worth nothing once the lock is free.
    file.set_len(0).map_err(failed)?;
    file.rewind().map_err(failed)?;
    write!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

fn taken(dir: &Path, path: &Path, file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(32).read_to_string(&mut text).is_ok();
    let pid = text.trim().parse::<u32>().ok().filter(|_| read);
    let who = pid.map_or(String::new(), |pid| format!(" (process {pid})"));
    format!(
        "another provost process{who} has the data directory {} open (it holds {}): stop it first, or give this one \
         a data directory of its own with --data-dir",
        dir.display(),
        path.display()
    )
}
