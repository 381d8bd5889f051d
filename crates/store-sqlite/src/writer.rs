//! The one thread that writes: it takes what has gathered, runs each transaction in a savepoint of its own, commits
//! once, and answers when that is on disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use store::{Error, Result};
use tokio::sync::{mpsc, oneshot, watch};

use crate::cache::Cache;
use crate::pool::Pool;
use crate::{Failure, backend, explain, garbage};

/// Jobs taken into one commit at most, and how long may be spent on them before it: what bounds the time that the
/// first one waits for its answer.
const BATCH: usize = 1024;
const BATCH_TIME: Duration = Duration::from_millis(50);

/// Pages in the log (4 KiB each) above which a commit copies them into the database.
const CHECKPOINT_PAGES: i64 = 4000;

/// Above this size of the log, readers are waited for so that it starts anew; they keep it from doing so when
/// there is always one.
const LOG_LIMIT: u64 = 256 << 20;

/// How many commits pass between looks at the size of the log, and after a look when readers kept it (a backup may
/// read for long).
const LOG_LOOK: u32 = 64;
const LOG_LOOK_AGAIN: u32 = 4096;

/// What a job may use: within the batch's transaction, in a savepoint of its own.
pub(crate) struct Work<'a> {
    pub connection: &'a Connection,
    pub cache: &'a mut Cache,
}

/// Says how the job ended, when its batch was committed (`None`) or could not be (why).
type Answer = Box<dyn FnOnce(Option<&str>) + Send>;

/// Something to do in a savepoint; returns how to answer. `Err`: storage failed, and with it the batch.
pub(crate) struct Job(Box<Run>);

type Run = dyn FnOnce(&mut Work<'_>) -> (Outcome, Answer) + Send;

enum Outcome {
    Done,
    Refused,
    Broken(String),
}

impl Job {
    /// A job, and where its answer comes.
    pub fn new<T: Send + 'static>(
        run: impl FnOnce(&mut Work<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> (Self, oneshot::Receiver<Result<T>>) {
        let (sender, receiver) = oneshot::channel();
        let job = move |work: &mut Work<'_>| {
            let (outcome, result) = match run(work) {
                Ok(value) => (Outcome::Done, Ok(value)),
                Err(Failure::Refused(error)) => (Outcome::Refused, Err(error)),
                Err(Failure::Sqlite(error)) => (Outcome::Broken(explain(&error)), Err(backend(error))),
            };
            let answer: Answer = Box::new(move |failure: Option<&str>| {
                // Whoever asked may have gone away.
                let _ = sender.send(match failure {
                    None => result,
                    Some(why) => Err(Error::Backend(why.to_owned())),
                });
            });
            (outcome, answer)
        };
        (Self(Box::new(job)), receiver)
    }
}

pub(crate) struct Writer {
    connection: Connection,
    cache: Cache,
    pool: Arc<Pool>,
    commits: watch::Sender<u64>,
    log: PathBuf,
    commits_to_look: u32,
    garbage: bool,
}

impl Writer {
    pub fn new(
        connection: Connection,
        pool: Arc<Pool>,
        commits: watch::Sender<u64>,
        log: PathBuf,
    ) -> rusqlite::Result<Self> {
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", 64_i64 << 20)?;
        let cache = Cache::load(&connection)?;
        let garbage = garbage::any(&connection)?;
        Ok(Self { connection, cache, pool, commits, log, commits_to_look: LOG_LOOK, garbage })
    }

    /// Runs until nobody can send jobs any more and all are done; then empties the log.
    pub fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = self.next(&mut jobs) {
            self.batch(first, &mut jobs);
            self.look_at_log();
        }
        self.checkpoint();
    }

    /// The next job; while there is none, what dropped realms left is removed.
    fn next(&mut self, jobs: &mut mpsc::Receiver<Job>) -> Option<Job> {
        while self.garbage {
            match jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(mpsc::error::TryRecvError::Disconnected) => return None,
                Err(mpsc::error::TryRecvError::Empty) => {
                    let _under_way = self.pool.commit();
                    self.garbage = garbage::collect(&mut self.connection).unwrap_or_else(|error| {
                        // Tried again after the next start, or when the next realm is dropped.
                        tracing::warn!(%error, "cannot remove what a dropped realm left");
                        false
                    });
                }
            }
        }
        jobs.blocking_recv()
    }

    fn batch(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) {
        let mut answers = Vec::new();
        let outcome = self.fill(first, jobs, &mut answers).and_then(|()| self.commit());
        let failure = outcome.err().map(|error| {
            tracing::error!(%error, transactions = answers.len(), "cannot commit");
            self.start_anew();
            error
        });
        if failure.is_none() {
            self.commits.send_modify(|count| *count += 1);
        }
        for answer in answers {
            answer(failure.as_deref());
        }
    }

    /// Runs what has gathered, up to the limits.
    fn fill(
        &mut self,
        first: Job,
        jobs: &mut mpsc::Receiver<Job>,
        answers: &mut Vec<Answer>,
    ) -> Result<(), String> {
        let started = Instant::now();
        self.pool.release();
        let begun = self.execute("BEGIN IMMEDIATE");
        let mut job = first;
        loop {
            // When it could not begin, the job runs all the same, to be answered; it fails on its own.
            let outcome = self.one(job, answers);
            begun.clone()?;
            outcome?;
            if answers.len() >= BATCH || started.elapsed() >= BATCH_TIME {
                return Ok(());
            }
            match jobs.try_recv() {
                Ok(next) => job = next,
                Err(_) => return Ok(()),
            }
        }
    }

    fn one(&mut self, job: Job, answers: &mut Vec<Answer>) -> Result<(), String> {
        self.execute("SAVEPOINT one")?;
        let (outcome, answer) = (job.0)(&mut Work { connection: &self.connection, cache: &mut self.cache });
        answers.push(answer);
        self.cache.end(!matches!(outcome, Outcome::Done));
        match outcome {
            Outcome::Done => {}
            Outcome::Refused => self.execute("ROLLBACK TO one")?,
            Outcome::Broken(why) => return Err(why),
        }
        self.execute("RELEASE one")
    }

    fn commit(&mut self) -> Result<(), String> {
        self.cache.flush(&self.connection).map_err(|error| explain(&error))?;
        {
            let _under_way = self.pool.commit();
            self.execute("COMMIT")?;
        }
        self.garbage = self.garbage || self.cache.take_dropped();
        Ok(())
    }

    /// After a batch that failed: nothing of it has happened, and nothing in memory counts any more.
    fn start_anew(&mut self) {
        if !self.connection.is_autocommit() {
            let _ = self.execute("ROLLBACK");
        }
        match Cache::load(&self.connection) {
            Ok(cache) => self.cache = cache,
            Err(error) => {
                // Not even readable. Numbers that were given out are not given out again by this process; the
                // counters are read again when they are next needed.
                tracing::error!(%error, "cannot read the store after a failed commit");
                self.cache.forget_all();
            }
        }
    }

    fn execute(&self, sql: &str) -> Result<(), String> {
        let run = || self.connection.prepare_cached(sql)?.execute([]);
        run().map(|_| ()).map_err(|error| explain(&error))
    }

    /// The log starts anew on its own once no reader needs it; when it has grown large all the same, wait for them.
    fn look_at_log(&mut self) {
        self.commits_to_look -= 1;
        if self.commits_to_look > 0 {
            return;
        }
        self.commits_to_look = LOG_LOOK;
        let large = std::fs::metadata(&self.log).is_ok_and(|log| log.len() > LOG_LIMIT);
        if large && !self.checkpoint() {
            self.commits_to_look = LOG_LOOK_AGAIN;
        }
    }

    /// Copies the log into the database and empties it; returns whether that was possible.
    fn checkpoint(&self) -> bool {
        self.pool.release();
        let outcome =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        match &outcome {
            Ok(0) => {}
            Ok(_) => tracing::debug!("readers keep the log of the store from being emptied"),
            Err(error) => tracing::warn!(%error, "cannot empty the log of the store"),
        }
        outcome.is_ok_and(|busy| busy == 0)
    }
}
