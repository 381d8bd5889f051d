//! Mail about tokens that are about to expire: a client that is shut out overnight provisions nobody, and nobody notices.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use mail::{Address, Mailer, Message};
use serde::{Deserialize, Serialize};
use store::{Expect, Kind, Realm, Scan, Transaction};
use tracing::{info, warn};
use uuid::Uuid;

use crate::tokens::{put, read};
use crate::{Error, Result, Scope, Tenant, Tenants, Token};

/// How near the end of a token is when its administrators are told. Each is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Notice {
    /// Fourteen days before.
    #[serde(rename = "P14D")]
    FourteenDays,
    /// Three days before.
    #[serde(rename = "P3D")]
    ThreeDays,
    /// When it has expired.
    #[serde(rename = "expired")]
    Expired,
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// After that long nobody needs to be told that a token expired.
const PAST: i32 = 30;
/// Who tells: one process of an installation at a time.
const LEASE: &str = "token-notices";
/// For how long, before another may.
const LEASE_TIME: Duration = Duration::from_mins(15);

impl Notice {
    /// How long before the end.
    fn before(self) -> SignedDuration {
        match self {
            Self::FourteenDays => DAY * 14,
            Self::ThreeDays => DAY * 3,
            Self::Expired => SignedDuration::ZERO,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::FourteenDays => "14d",
            Self::ThreeDays => "3d",
            Self::Expired => "expired",
        }
    }

    /// The most urgent one that is due for a token and was not announced yet. One that was due already when the token was
    /// made is none: whoever makes a token for a day knows that it ends.
    pub fn due(token: &Token, now: Timestamp) -> Option<Self> {
        let expires = token.expires?;
        let left = expires.duration_since(now);
        if left < -(DAY * PAST) {
            return None;
        }
        let lifetime = expires.duration_since(token.created);
        [Self::Expired, Self::ThreeDays, Self::FourteenDays]
            .into_iter()
            .find(|notice| left <= notice.before())
            .filter(|notice| *notice == Self::Expired || notice.before() < lifetime)
            .filter(|notice| token.announced.is_none_or(|announced| announced < *notice))
    }
}

/// Where the mail goes.
pub struct Recipients {
    /// What sends it.
    pub mailer: Mailer,
    /// The administrators of the installation.
    pub to: Vec<Address>,
}

/// Tells administrators of tokens that expire, by mail or, where none is configured, in the log.
pub struct Announcer {
    tenants: Arc<Tenants>,
    recipients: Option<Recipients>,
    /// Which process this is.
    holder: Uuid,
    /// What was told in this process: what cannot be written down must not be sent again and again.
    told: HashSet<(Uuid, Notice)>,
}

impl Announcer {
    /// Tells those recipients; without them the log.
    pub fn new(tenants: Arc<Tenants>, recipients: Option<Recipients>, holder: Uuid) -> Self {
        Self { tenants, recipients, holder, told: HashSet::new() }
    }

    /// Announces everything that is due, and returns how much that was. What is announced by mail is written down right
    /// after the mail server has taken it: a crash in between announces it once more, and never not at all. The first
    /// mail that cannot be sent ends the round: it is tried again with the next one.
    pub async fn announce(&mut self) -> Result<usize> {
        let now = self.tenants.clock.now();
        let due = self.tenants.due_notices(now).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let store = Arc::clone(&self.tenants.store);
        let Some(lease) = store.acquire_lease(LEASE, self.holder, now, LEASE_TIME).await? else {
            return Ok(0);
        };
        let outcome = self.tell_all(due, now).await;
        store.release_lease(&lease).await?;
        outcome
    }

    async fn tell_all(&mut self, due: Vec<(Token, Notice)>, now: Timestamp) -> Result<usize> {
        let mut count = 0;
        for (token, notice) in due {
            let tenant = match self.tenants.get(token.tenant_id).await {
                Err(Error::NoTenant(_)) => continue,
                tenant => tenant?,
            };
            let new = !self.told.contains(&(token.id, notice));
            if let Some(Recipients { mailer, to }) = &self.recipients {
                if new {
                    mailer.send(to, &message(&tenant, &token, notice, now)).await?;
                    info!(tenant = %tenant.name, token = %token.id, notice = notice.name(), "announced by mail that a token expires");
                }
                self.told.insert((token.id, notice));
                self.tenants.note_announced(token.id, notice).await?;
            } else if new {
                self.told.insert((token.id, notice));
                warn!(
                    tenant = %tenant.name, token = %token.id, label = ?token.label,
                    "a SCIM token {}; `provost serve --smtp-url` would announce it by mail", ending(&token, now)
                );
            }
            count += usize::from(new);
        }
        Ok(count)
    }
}

impl Token {
    /// Whether the token opens something still, and its end is so near that it should be replaced.
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        let left = self.expires.map(|expires| expires.duration_since(now));
        left.is_some_and(|left| left.is_positive() && left <= Notice::FourteenDays.before())
    }
}

impl Tenants {
    /// The tokens of all tenants that administrators have to be told of.
    async fn due_notices(&self, now: Timestamp) -> Result<Vec<(Token, Notice)>> {
        let mut due = Vec::new();
        let mut after = None;
        loop {
            let scan = Scan::first(200).after(after);
            let page = self.store.scan(Realm::INSTALLATION, Kind::Token, scan).await?;
            for object in &page.objects {
                let Ok((token, _)) = read(object) else {
                    warn!(token = %object.id, "a stored token cannot be read, and is not announced when it expires");
                    continue;
                };
                due.extend(Notice::due(&token, now).map(|notice| (token, notice)));
            }
            after = page.next;
            if after.is_none() {
                return Ok(due);
            }
        }
    }

    /// Writes down that the administrators were told.
    async fn note_announced(&self, id: Uuid, notice: Notice) -> Result<()> {
        store::transact(&*self.store, async || {
            let mut transaction = Transaction::new(self.clock.now());
            if let Some(object) = self.store.get(Realm::INSTALLATION, Kind::Token, id).await? {
                let (mut token, hash) = read(&object)?;
                if token.announced.is_none_or(|announced| announced < notice) {
                    token.announced = Some(notice);
                    put(&mut transaction, &token, &hash, Expect::Version(object.version))?;
                }
            }
            Ok::<_, Error>((transaction, ()))
        })
        .await?;
        Ok(())
    }
}

/// "expires in 3 days", "has just expired", "expired 5 hours ago".
fn ending(token: &Token, now: Timestamp) -> String {
    let Some(expires) = token.expires else { return "never expires".to_owned() };
    let left = expires.duration_since(now);
    if left.is_positive() {
        format!("expires in {}", length(left))
    } else if left > SignedDuration::from_hours(-1) {
        "has just expired".to_owned()
    } else {
        format!("expired {} ago", length(-left))
    }
}

/// A length of time in its largest whole unit.
fn length(time: SignedDuration) -> String {
    // A token that expires in three days less the minute that the round came late expires in three days.
    let hours = time.round(Unit::Hour).map_or(0, |time| time.as_hours());
    let (count, unit) = match (hours, time.as_mins()) {
        (48.., _) => ((hours + 12) / 24, "day"),
        (1.., _) => (hours, "hour"),
        (_, minutes) => (minutes, "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

fn message(tenant: &Tenant, token: &Token, notice: Notice, now: Timestamp) -> Message {
    let label: String =
        token.label.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    let named = if label.is_empty() { token.id.to_string() } else { format!("\"{label}\"") };
    let ending = ending(token, now);
    let name = &tenant.name;
    let scope = if token.scope == Scope::ReadOnly { "read-only" } else { "read and write" };
    let moment = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let used = token.last_used.map_or_else(|| "never".to_owned(), moment);
    let expires = token.expires.map(moment).unwrap_or_default();
    let what = if notice == Notice::Expired {
        "The client that has it is answered 401 and provisions nobody until it has another one."
    } else {
        "From then on the client that has it is answered 401 and provisions nobody."
    };
    let (id, made, by) = (token.id, moment(token.created), &token.created_by.display_name);
    let text = format!(
        "The SCIM token {named} of the tenant {name} {ending}.\n{what}\n\n  tenant     {name}\n  token      {id}\n  \
         label      {label}\n  scope      {scope}\n  made       {made}, by {by}\n  expires    {expires}\n  last used  {used}\n\n\
         Replace it, and give the client the new one:\n\n  provost token rotate {name} {id}\n\nIf nothing uses it any more, \
         close it:\n\n  provost token revoke {name} {id}\n"
    );
    Message {
        id: format!("token-{id}-{}", notice.name()),
        at: now,
        subject: format!("SCIM token {named} of tenant {name} {ending}"),
        text,
    }
}

#[cfg(test)]
mod tests {
    use model::Principal;

    use super::*;

    fn token(created: &str, expires: &str, announced: Option<Notice>) -> Token {
        Token {
            id: Uuid::nil(),
            tenant_id: Uuid::nil(),
            label: String::new(),
            scope: Scope::default(),
            created: created.parse().unwrap(),
            created_by: Principal::system("test"),
            expires: Some(expires.parse().unwrap()),
            last_used: None,
            announced,
        }
    }

    #[test]
    fn each_notice_is_due_once_and_the_most_urgent_first() {
        let due = |now: &str, announced| {
            Notice::due(&token("2026-01-01T00Z", "2026-03-01T00Z", announced), now.parse().unwrap())
        };
        let (fourteen, three) = (Some(Notice::FourteenDays), Some(Notice::ThreeDays));
        assert_eq!(due("2026-02-14T23:59Z", None), None);
        assert_eq!(due("2026-02-15T00Z", None), fourteen);
        assert_eq!(due("2026-02-20T00Z", fourteen), None);
        assert_eq!(due("2026-02-26T00Z", fourteen), three);
        assert_eq!(due("2026-02-27T00Z", None), three, "one that is overtaken is not sent");
        assert_eq!(due("2026-02-28T00Z", three), None);
        assert_eq!(due("2026-03-01T00Z", three), Some(Notice::Expired));
        assert_eq!(due("2026-03-20T00Z", None), Some(Notice::Expired));
        assert_eq!(due("2026-03-20T00Z", Some(Notice::Expired)), None);
        assert_eq!(due("2026-04-20T00Z", three), None, "that is long ago");
    }

    #[test]
    fn who_makes_a_short_token_knows_its_end() {
        let due =
            |now: &str| Notice::due(&token("2026-01-01T00Z", "2026-01-03T00Z", None), now.parse().unwrap());
        assert_eq!(due("2026-01-01T00Z"), None);
        assert_eq!(due("2026-01-02T23Z"), None);
        assert_eq!(due("2026-01-03T00Z"), Some(Notice::Expired));
    }

    #[test]
    fn lengths_are_rounded_as_people_say_them() {
        for (minutes, words) in [
            (14 * 24 * 60 - 9, "14 days"),
            (3 * 24 * 60 - 9, "3 days"),
            (47 * 60, "47 hours"),
            (61, "1 hour"),
            (29, "29 minutes"),
            (0, "0 minutes"),
        ] {
            assert_eq!(length(SignedDuration::from_mins(minutes)), words);
        }
    }
}
