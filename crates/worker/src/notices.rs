//! Mail about jobs in quarantine, to whom each job names.
//!
//! What is to be sent is an object of the store, written together with the state it tells of and deleted once the mail
//! server has taken it: a crash in between sends it once more, under the same Message-ID, and never not at all.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use engine::QUARANTINE_LIMIT;
use jiff::{SignedDuration, Timestamp};
use mail::{Address, Mailer, Message};
use model::{Clock, Job, JobNotice, QuarantineEvent, ServicePrincipal};
use serde::de::DeserializeOwned;
use store::{Expect, Kind, Object, Realm, Scan, Store, Transaction};
use tracing::{info, warn};
use uuid::Uuid;

use crate::Error;
use crate::context::commit;

/// Who tells: one process of an installation at a time.
const LEASE: &str = "job-notices";
/// For how long, before another may.
const LEASE_TIME: Duration = Duration::from_mins(15);
/// How long a mail waits that the server did not take: twice as long each time.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(6);
/// So many mails that were not taken end a round: that is hardly the fault of each, and each may take a minute.
const MOST_IN_VAIN: u32 = 3;
/// After that long nobody needs to be told any more.
const TOO_OLD: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Characters of a text of the target that a mail shows.
const LONGEST_TEXT: usize = 2_000;

/// Sends the mails that are due.
pub struct Announcer {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Which process this is.
    holder: Uuid,
    mailer: Option<Mailer>,
    /// Where administrators find this server.
    address: String,
    /// Mails that the server did not take: how often, and when it is tried again.
    waiting: HashMap<Uuid, (u32, Timestamp)>,
    /// What was sent in this process: what cannot be written down must not be sent again and again.
    sent: Vec<Uuid>,
    /// Whether the log says already that there is no mail server.
    mentioned: bool,
}

/// What a mail is made of.
struct Mail {
    to: Address,
    message: Message,
}

impl Announcer {
    /// Sends by this mailer, in the name of the server at this address; without a mailer nothing is sent.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        holder: Uuid,
        mailer: Option<Mailer>,
        address: String,
    ) -> Self {
        let (waiting, sent) = (HashMap::new(), Vec::new());
        Self { store, clock, holder, mailer, address, waiting, sent, mentioned: false }
    }

    /// Sends what is due, and returns how many mails that were. One that the server does not take waits for another
    /// round, and holds no other one back.
    pub async fn announce(&mut self) -> Result<usize, Error> {
        let now = self.clock.now();
        let pending = self.pending().await?;
        self.waiting.retain(|id, _| pending.iter().any(|object| object.id == *id));
        let due: Vec<Object> = pending
            .into_iter()
            .filter(|object| self.waiting.get(&object.id).is_none_or(|(_, due)| *due <= now))
            .collect();
        if due.is_empty() {
            return Ok(0);
        }
        let store = Arc::clone(&self.store);
        let Some(lease) = store.acquire_lease(LEASE, self.holder, now, LEASE_TIME).await? else {
            return Ok(0);
        };
        let outcome = self.send_all(due, now).await;
        store.release_lease(&lease).await?;
        outcome
    }

    async fn pending(&self) -> Result<Vec<Object>, Error> {
        let mut pending = Vec::new();
        let mut after = None;
        loop {
            let scan = Scan::first(100).after(after);
            let page = self.store.scan(Realm::INSTALLATION, Kind::Notice, scan).await?;
            pending.extend(page.objects);
            after = page.next;
            if after.is_none() {
                return Ok(pending);
            }
        }
    }

    async fn send_all(&mut self, due: Vec<Object>, now: Timestamp) -> Result<usize, Error> {
        let mut count = 0;
        let mut in_vain = 0;
        for object in due {
            let id = object.id;
            if !self.sent.contains(&id)
                && let Some(Mail { to, message }) = self.compose(&object, now).await?
            {
                let Some(mailer) = &self.mailer else {
                    self.mention(&message);
                    continue;
                };
                if let Err(error) = mailer.send(&[to], &message).await {
                    self.wait(id, now, &error);
                    in_vain += 1;
                    if in_vain == MOST_IN_VAIN {
                        break;
                    }
                    continue;
                }
                info!(subject = message.subject, "sent a mail about a job");
                self.sent.push(id);
                count += 1;
            }
            let mut done = Transaction::new(now);
            done.delete(Realm::INSTALLATION, Kind::Notice, id, Expect::Any);
            commit(&*self.store, done).await?;
            self.sent.retain(|sent| *sent != id);
        }
        Ok(count)
    }

    /// Says once that there is no mail server. What would be sent waits: the next start may name one.
    fn mention(&mut self, message: &Message) {
        if !self.mentioned {
            self.mentioned = true;
            let subject = &message.subject;
            warn!(
                subject,
                "a job asks for mail, and no mail server is configured: see `provost serve --smtp-url`"
            );
        }
    }

    fn wait(&mut self, id: Uuid, now: Timestamp, error: &mail::Error) {
        let (tries, due) = self.waiting.entry(id).or_insert((0, now));
        let pause = FIRST_PAUSE.checked_mul(1 << (*tries).min(16)).unwrap_or(LONGEST_PAUSE);
        let pause = pause.min(LONGEST_PAUSE);
        *tries = tries.saturating_add(1);
        *due = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        let minutes = pause.as_mins();
        warn!("a mail about a job was not taken; it is tried again in {minutes} min: {error}");
    }

    /// The mail that a notice asks for; `None` for one that nobody is to be sent.
    async fn compose(&mut self, object: &Object, now: Timestamp) -> Result<Option<Mail>, Error> {
        let Ok(notice) = serde_json::from_slice::<JobNotice>(&object.body) else {
            warn!(notice = %object.id, "a stored notice cannot be read, and is not sent");
            return Ok(None);
        };
        let realm = Realm(notice.directory);
        let Some(job) = self.record::<Job>(realm, Kind::Job, notice.job).await? else { return Ok(None) };
        let Some(address) = job.notified() else { return Ok(None) };
        if now.duration_since(notice.at) > TOO_OLD {
            warn!(job = %job.id, event = ?notice.event, "a mail could not be sent for a week, and is given up");
            return Ok(None);
        }
        let Ok(to) = address.parse() else {
            warn!(job = %job.id, "the job's notification mail is no mail address; nobody is told");
            return Ok(None);
        };
        let id = job.service_principal_id;
        let application = self.record::<ServicePrincipal>(realm, Kind::ServicePrincipal, id).await?;
        let name = application.map_or_else(|| id.to_string(), |application| application.display_name);
        let message = message(object.id, &notice, &job, &name, &self.address);
        Ok(Some(Mail { to, message }))
    }

    async fn record<T: DeserializeOwned>(
        &self,
        realm: Realm,
        kind: Kind,
        id: Uuid,
    ) -> Result<Option<T>, Error> {
        let found = self.store.get(realm, kind, id).await?;
        Ok(found.and_then(|found| serde_json::from_slice(&found.body).ok()))
    }
}

fn message(id: Uuid, notice: &JobNotice, job: &Job, application: &str, server: &str) -> Message {
    let JobNotice { event, at, quarantine, .. } = notice;
    let name = plain(application);
    let code = plain(&quarantine.error.error_code);
    let staged = quarantine.staged;
    let limit = quarantine.series_began.saturating_add(QUARANTINE_LIMIT).unwrap_or(Timestamp::MAX);
    let (since, until, next) =
        (moment(quarantine.series_began), moment(limit), moment(quarantine.next_attempt));
    let (subject, what) = match event {
        QuarantineEvent::Disabled => (
            format!("Provisioning to {name} is disabled after 28 days in quarantine"),
            format!("The provisioning job of {name} was in quarantine for 28 days and runs no longer."),
        ),
        _ if staged => (
            format!("Provisioning to {name}: changes are held back ({code})"),
            format!(
                "The provisioning job of {name} would remove or change more at once than its guards let through. Nothing \
                 of that has been sent; all else goes on as before."
            ),
        ),
        QuarantineEvent::Entered => (
            format!("Provisioning to {name} is in quarantine: {code}"),
            format!(
                "The provisioning job of {name} is in quarantine: its cycles run seldom until one succeeds."
            ),
        ),
        QuarantineEvent::ReasonChanged => (
            format!("Provisioning to {name} is still in quarantine, now: {code}"),
            format!("The provisioning job of {name} is still in quarantine, for another reason than before."),
        ),
    };
    let outlook = match event {
        QuarantineEvent::Disabled => "It runs again once it is started.".to_owned(),
        _ => format!(
            "The next cycle is at {next}. A cycle without such a failure ends the quarantine; if none does, the job is \
             disabled after {until}."
        ),
    };
    let (reason, advice) = (plain(&quarantine.error.reason), plain(&quarantine.error.recommended_action));
    let reference = reference(application, job);
    let commands = if staged {
        [
            ("what is held back", format!("job staged {reference}")),
            ("let it go ahead", format!("job allow-deletes {reference}")),
            ("begin again, once the cause is repaired", format!("job restart {reference}")),
        ]
    } else {
        let again = if *event == QuarantineEvent::Disabled { "job start" } else { "job restart" };
        [
            ("where the job stands", format!("job status {reference}")),
            ("what failed", format!("log list {reference} --status failure")),
            ("go on, once the cause is repaired", format!("{again} {reference}")),
        ]
    };
    let commands = commands.map(|(what, command)| format!("  {what}:\n    provost {command}\n")).concat();
    let job = job.id;
    let kind = &quarantine.reason;
    let text = format!(
        "{what}\n\nWhat happened: {reason}\nWhat to do:    {advice}\n\n  application  {name}\n  job          {job}\n  \
         reason       {kind} ({code})\n  since        {since}\n  server       {server}\n\n{outlook}\n\n{commands}"
    );
    Message { id: format!("job-{job}-{id}"), at: *at, subject, text }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A text of others in one line, not longer than a mail should have it.
fn plain(text: &str) -> String {
    let shown = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    shown.take(LONGEST_TEXT).collect::<String>().trim().to_owned()
}

/// How commands name the application: by its name where a shell reads nothing else in it, else by its id.
fn reference(name: &str, job: &Job) -> String {
    let harmless = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_' | '.');
    let begins = name.starts_with(char::is_alphanumeric);
    if begins && name.chars().all(harmless) {
        format!("\"{name}\"")
    } else {
        job.service_principal_id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use model::{ErrorInformation, Quarantine};
    use serde_json::json;

    use super::*;

    fn job() -> Job {
        serde_json::from_value(json!({
            "id": Uuid::from_u128(1), "servicePrincipalId": Uuid::from_u128(2), "templateId": "scim", "started": true,
            "interval": "PT40M", "scope": "all", "excludeDefaultAccess": false, "objectMappings": [],
        }))
        .expect("a job")
    }

    fn notice(code: &str, reason: &str, event: QuarantineEvent) -> JobNotice {
        let began: Timestamp = "2026-01-01T00:00:00Z".parse().expect("an instant");
        let quarantine = Quarantine {
            reason: code.to_owned(),
            series_began: began,
            evaluated: began,
            series_count: 1,
            next_attempt: began + SignedDuration::from_hours(6),
            staged: code == "TooManyDeletes",
            error: ErrorInformation {
                error_code: code.to_owned(),
                error_category: "failure".to_owned(),
                reason: reason.to_owned(),
                recommended_action: "Look there.".to_owned(),
            },
        };
        JobNotice { directory: Uuid::nil(), job: Uuid::from_u128(1), event, at: began, quarantine }
    }

    fn of(code: &str, reason: &str, event: QuarantineEvent, name: &str) -> Message {
        message(Uuid::from_u128(9), &notice(code, reason, event), &job(), name, "http://here")
    }

    #[test]
    fn a_mail_says_what_when_where_and_what_to_do() {
        let entered = of("Unauthorized", "401: no", QuarantineEvent::Entered, "Floor plans");
        assert_eq!(entered.subject, "Provisioning to Floor plans is in quarantine: Unauthorized");
        for words in [
            "What happened: 401: no",
            "What to do:    Look there.",
            "2026-01-01 06:00 UTC",
            "disabled after 2026-01-29 00:00 UTC",
            "provost job restart \"Floor plans\"",
            "http://here",
        ] {
            assert!(entered.text.contains(words), "{words} in {}", entered.text);
        }
        let disabled = of("Unauthorized", "401: no", QuarantineEvent::Disabled, "Floor plans");
        assert!(disabled.text.contains("provost job start \"Floor plans\""), "{}", disabled.text);
        let staged = of("TooManyDeletes", "11 accounts", QuarantineEvent::Entered, "Floor plans");
        assert!(staged.text.contains("11 accounts"), "{}", staged.text);
        assert!(staged.text.contains("provost job allow-deletes \"Floor plans\""), "{}", staged.text);
    }

    #[test]
    fn names_and_words_of_others_command_nothing() {
        for name in ["$(reboot)", "a\"; rm -rf ~", "--all", "`x`", "a\nBcc: b@c"] {
            let hostile = of("Unauthorized", "a\r\n\r\nInjected\u{1b}[2J", QuarantineEvent::Entered, name);
            assert!(hostile.text.contains("job restart 00000000-0000-0000-0000-000000000002"), "{name}");
            assert!(
                !hostile.text.contains("\nInjected") && !hostile.text.contains('\u{1b}'),
                "{}",
                hostile.text
            );
            assert!(!hostile.subject.contains('\n'));
        }
        let long = of("Unauthorized", &"x".repeat(1 << 20), QuarantineEvent::Entered, "T");
        assert!(long.text.len() < 10_000);
    }
}
