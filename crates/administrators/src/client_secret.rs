//! Secrets of tools.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use jiff::{SignedDuration, Timestamp};
use model::Principal;
use secrecy::SecretString;
use serde_json::json;
use store::{Expect, Transaction, transact};
use uuid::Uuid;

use crate::account::check_text;
use crate::record::{Deed, put};
use crate::{Account, Administrator, Administrators, ClientSecret, Error, Result, secret};

const PREFIX: &str = "provost_client_";
/// How long a secret is good, where nobody says otherwise.
const USUAL_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 180);
/// The longest that one is good.
const LONGEST_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 731);
/// How often it is written down that a secret is used.
const NOTE_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Secrets of one tool at most.
const MOST: usize = 10;

/// A secret just made. It is nowhere else: show it once.
#[derive(Clone, Debug)]
pub struct IssuedSecret {
    /// What is kept of it.
    pub kept: ClientSecret,
    /// What the tool shows.
    pub secret: SecretString,
}

impl Administrators {
    /// Makes one more secret of a tool, good for half a year unless `expires` says otherwise. Errors: [`Error::Invalid`],
    /// [`Error::NotFound`].
    pub async fn create_secret(
        &self,
        id: Uuid,
        label: &str,
        expires: Option<Timestamp>,
        by: &Principal,
    ) -> Result<IssuedSecret> {
        if !label.is_empty() {
            check_text("label", label)?;
        }
        let (secret, hash) = secret::issue(PREFIX, &*self.random);
        let new = self.ids.next();
        let (_, kept) = self
            .change(id, by, |administrator, now| {
                let secrets = secrets_mut(administrator)?;
                if secrets.len() >= MOST {
                    return Err(Error::invalid(
                        "secret",
                        format!("the tool has {MOST} secrets already: delete those that are no longer used"),
                    ));
                }
                let kept = ClientSecret {
                    id: new,
                    label: label.to_owned(),
                    created: now,
                    expires: end(expires, now)?,
                    last_used: None,
                    hash: BASE64.encode(&hash),
                };
                secrets.push(kept.clone());
                let about = json!({"id": kept.id, "label": kept.label, "expires": kept.expires});
                Ok((Some(Deed::new("Add client secret").changing("secret", None, Some(about))), kept))
            })
            .await?;
        Ok(IssuedSecret { kept, secret })
    }

    /// Writes down that a secret was used, once a minute. One that is lost is written the next time.
    pub(crate) async fn note_secret_use(&self, id: Uuid, secret: Uuid) {
        let noted = transact(&*self.store, async || {
            let (mut administrator, version) = self.versioned(id).await?;
            let mut transaction = Transaction::new(self.clock.now());
            let now = transaction.at;
            let used = secrets_mut(&mut administrator)?.iter_mut().find(|kept| kept.id == secret);
            let is_due = |last: Timestamp| now.duration_since(last) >= NOTE_EVERY;
            if let Some(used) = used.filter(|used| used.last_used.is_none_or(is_due)) {
                used.last_used = Some(now);
                put(&mut transaction, &administrator, Expect::Version(version))?;
            }
            Ok::<_, Error>((transaction, ()))
        })
        .await;
        if let Err(error) = noted {
            tracing::debug!(%error, %secret, "the use of a client secret was not written down");
        }
    }

    /// Deletes a secret: it opens nothing any more, and neither do the access tokens that were got for it. The error is
    /// [`Error::NotFound`].
    pub async fn delete_secret(&self, id: Uuid, secret: Uuid, by: &Principal) -> Result<()> {
        self.change(id, by, |administrator, _| {
            let secrets = secrets_mut(administrator)?;
            let at = secrets.iter().position(|kept| kept.id == secret);
            let at = at.ok_or(Error::NotFound { what: "client secret", id: secret })?;
            let gone = secrets.remove(at);
            let about = json!({"id": gone.id, "label": gone.label});
            Ok((Some(Deed::new("Remove client secret").changing("secret", Some(about), None)), ()))
        })
        .await?;
        Ok(())
    }
}

fn secrets_mut(administrator: &mut Administrator) -> Result<&mut Vec<ClientSecret>> {
    match &mut administrator.account {
        Account::Tool { secrets } => Ok(secrets),
        Account::Person { .. } => {
            Err(Error::invalid("secret", "a person has a password: only tools have secrets"))
        }
    }
}

/// Until when a new secret is good.
fn end(wanted: Option<Timestamp>, now: Timestamp) -> Result<Timestamp> {
    let after = |time| now.saturating_add(time).unwrap_or(Timestamp::MAX);
    let end = wanted.unwrap_or(after(USUAL_LIFETIME));
    if end <= now {
        return Err(Error::invalid("expires", format!("{end} has passed: the secret would open nothing")));
    }
    if end > after(LONGEST_LIFETIME) {
        return Err(Error::invalid("expires", "a secret is good for two years at most"));
    }
    Ok(end)
}

impl ClientSecret {
    /// Whether a text is this secret, and good still.
    pub(crate) fn opens(&self, text: &str, now: Timestamp) -> bool {
        let hash = secret::hash(text);
        now < self.expires
            && secret::is_whole(PREFIX, text)
            && verify_slices_are_equal(BASE64.encode(hash).as_bytes(), self.hash.as_bytes()).is_ok()
    }
}
