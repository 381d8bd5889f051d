//! Files of users that are imported by themselves, and who is told where something is wrong with one.

use std::time::Duration;

use directory::Directory;
use directory::import::{ImportOutcome, ImportRun, ImportScheduler};
use mail::Message;
use tenant::Recipients;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{info, warn};
use uuid::Uuid;

/// How often it is looked whether a file is due.
const EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether somebody is to be told.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// How soon again after the store, or the mail server, failed.
const RETRY: Duration = Duration::from_mins(1);

/// The imports of a directory.
pub struct Imports {
    pub scheduler: ImportScheduler,
    pub directory: Directory,
    pub recipients: Option<Recipients>,
    /// Where administrators find this server.
    pub server: String,
}

impl Imports {
    /// Imports what is due, and tells administrators what went wrong, for ever.
    pub async fn run(self) {
        let Self { scheduler, directory, recipients, server } = self;
        tokio::join!(import(scheduler), Teller { directory, recipients, server, mentioned: None }.run());
    }
}

async fn import(mut scheduler: ImportScheduler) {
    let mut due = interval(EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        match scheduler.tick().await {
            Ok(Some(run)) => log(&run),
            Ok(None) => {}
            Err(error) => {
                warn!(%error, "the scheduled import failed; it is tried again in a minute");
                sleep(RETRY).await;
            }
        }
    }
}

fn log(run: &ImportRun) {
    let ImportRun { file, outcome, message, .. } = run;
    if outcome.is_trouble() {
        warn!(file, ?outcome, "scheduled import: {message}");
    } else {
        info!(file, ?outcome, "scheduled import: {message}");
    }
}

/// Tells administrators of imports that somebody has to look after, of those by hand as well.
struct Teller {
    directory: Directory,
    recipients: Option<Recipients>,
    server: String,
    /// The import that was told of in this process: what cannot be written down must not be sent again and again.
    mentioned: Option<Uuid>,
}

impl Teller {
    async fn run(mut self) {
        let Some(recipients) = self.recipients.take() else { return };
        loop {
            let pause = match self.tell(&recipients).await {
                Ok(()) => TELL_EVERY,
                Err(reason) => {
                    warn!(
                        "mail about the scheduled import was not sent; it is tried again in a minute: {reason}"
                    );
                    RETRY
                }
            };
            sleep(pause).await;
        }
    }

    /// Sends what is due, and writes down that it was sent after the mail server has taken it.
    async fn tell(&mut self, recipients: &Recipients) -> Result<(), String> {
        let words = |error: directory::Error| error.to_string();
        let Some(scheduled) = self.directory.import_schedule().await.map_err(words)? else { return Ok(()) };
        let Some(run) = scheduled.last.filter(|run| run.outcome.is_trouble() && !run.told) else {
            return Ok(());
        };
        if self.mentioned != Some(run.id) {
            let Recipients { mailer, to } = recipients;
            mailer.send(to, &message(&run, &self.server)).await.map_err(|error| error.to_string())?;
            info!(file = run.file, "sent a mail about the scheduled import");
            self.mentioned = Some(run.id);
        }
        self.directory.note_import_told(run.id).await.map_err(words)
    }
}

fn message(run: &ImportRun, server: &str) -> Message {
    let ImportRun { id, file, message, ended, held, .. } = run;
    let (subject, commands) = if run.outcome == ImportOutcome::Held {
        let commands = format!(
            "  who that is:\n    provost user import {file} --snapshot --dry-run --json\n  let them go, if the file is right:\n    \
             provost user import-schedule run --allow-leavers {held}\n"
        );
        (format!("Import of {file}: {held} users would leave at once, and are held back"), commands)
    } else {
        let commands = "  what is imported, and when:\n    provost user import-schedule show\n  try again, once it is \
                        repaired:\n    provost user import-schedule run\n";
        (format!("Import of {file} failed"), commands.to_owned())
    };
    let plain =
        |text: &str| text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect::<String>();
    let text = format!(
        "The users in {file} are imported by themselves.\n\nWhat happened: {}\n\n  at       {}\n  server   {server}\n\n\
         Nobody was moved to the recycle bin.\n\n{commands}",
        plain(message),
        ended.strftime("%Y-%m-%d %H:%M UTC")
    );
    Message { id: format!("import-{id}"), at: *ended, subject: plain(&subject), text }
}
