//! The change feed: what happened to a tenant's resources, for the application behind the service provider.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::SignedDuration;
use scim::message::whole_number;
use scim::{Projection, ScimType};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::{Change, Changed, EdgeKind, Kind, Position};
use tokio::time::Instant;
use uuid::Uuid;

use crate::answer::{self, Answer, Refusal};
use crate::call::Call;
use crate::query;
use crate::render::name;
use crate::stream::Sink;

/// The longest time that a request may wait for a change: proxies give up after a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(50);
/// The most requests of a tenant that wait at a time.
const WAITING: usize = 32;
/// The least time between two looks at the feed by one waiting request: each commit of any tenant wakes all of them.
const GAP: Duration = Duration::from_millis(50);
/// The most time between two looks: the store wakes nobody for what another process commits.
const LOOK: Duration = Duration::from_secs(5);
/// Changes read at a time when the resources themselves are asked for, each of which may have a megabyte.
const WITH_RESOURCES: usize = 20;

/// A request for changes, read.
struct Wanted {
    after: After,
    count: usize,
    wait: Duration,
    resources: bool,
}

enum After {
    /// From here on.
    Now,
    Position(Position),
}

/// A part of the feed, with the resources that are to be shown with it.
struct Part {
    changes: Vec<Change>,
    resources: HashMap<(Kind, Uuid), Box<RawValue>>,
    position: Position,
    more: bool,
}

/// A place among the requests of a tenant that wait.
struct Place<'c>(&'c AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Call {
    /// Answers `GET /changes`.
    pub(crate) async fn changes(&self, query: &str) -> Answer<Response<Body>> {
        let wanted = self.read_wanted(query)?;
        let after = match &wanted.after {
            After::Now => self.service.store.head(self.realm()).await?,
            After::Position(position) => position.clone(),
        };
        let part = if wanted.wait.is_zero() || wanted.count == 0 {
            self.part(after, wanted.count, wanted.resources).await?
        } else {
            let part = self.part_when_there(after, &wanted).await?;
            self.still_open().await?;
            part
        };
        Ok(self.write_part(&part))
    }

    fn read_wanted(&self, query: &str) -> Answer<Wanted> {
        let limits = &self.service.config.limits;
        let mut wanted = Wanted {
            after: After::Position(Position::START),
            count: limits.page,
            wait: Duration::ZERO,
            resources: false,
        };
        for (name, value) in query::parameters(query, &["after", "count", "wait", "include"], &[])? {
            match name {
                "after" if value.is_empty() => {}
                "after" if value == "now" => wanted.after = After::Now,
                "after" => wanted.after = After::Position(self.position(&value)?),
                "count" => {
                    if let Some(count) = whole_number("count", &value)? {
                        wanted.count = usize::try_from(count).unwrap_or(0).min(limits.max_page);
                    }
                }
                "wait" => wanted.wait = wait(&value)?,
                _ if value.is_empty() => {}
                _ if value.eq_ignore_ascii_case("resource") => wanted.resources = true,
                _ => return Err(Refusal::of(ScimType::InvalidValue, "include can only be \"resource\"")),
            }
        }
        Ok(wanted)
    }

    /// The changes after a position as soon as there are any, or none after the time that the request may wait.
    async fn part_when_there(&self, mut after: Position, wanted: &Wanted) -> Answer<Part> {
        let deadline = Instant::now() + wanted.wait;
        let mut commits = self.service.store.commits();
        let mut ending = self.service.ending.subscribe();
        let mut place = None;
        loop {
            commits.mark_unchanged();
            let looked = Instant::now();
            let part = self.part(after, wanted.count, wanted.resources).await?;
            if !part.changes.is_empty() || looked >= deadline || *ending.borrow_and_update() {
                return Ok(part);
            }
            after = part.position;
            if part.more {
                continue;
            }
            if place.is_none() {
                place = Some(self.wait_place()?);
            }
            tokio::select! {
                _ = commits.changed() => tokio::time::sleep_until(deadline.min(looked + GAP)).await,
                _ = ending.changed() => {}
                () = tokio::time::sleep_until(deadline.min(looked + LOOK)) => {}
            }
        }
    }

    /// Whether who waited may still be answered: nobody is to read on with a token that was revoked meanwhile.
    async fn still_open(&self) -> Answer<()> {
        let Some(token) = self.token else { return Ok(()) };
        let token = match self.service.tenants.get_token(token).await {
            Err(tenant::Error::NoToken(_)) => return Err(tenant::Error::Unknown.into()),
            token => token?,
        };
        if let Some(expires) = token.expires.filter(|expires| *expires <= self.service.clock.now()) {
            return Err(tenant::Error::Expired(expires).into());
        }
        let tenant = self.service.tenants.get(token.tenant_id).await?;
        if tenant.scim_for_authentication { Ok(()) } else { Err(Refusal::switched_off()) }
    }

    fn wait_place(&self) -> Answer<Place<'_>> {
        let waiting = &self.state.waiting;
        let place = Place(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            return Err(Refusal::waiting(WAITING));
        }
        Ok(place)
    }

    async fn part(&self, mut after: Position, count: usize, resources: bool) -> Answer<Part> {
        let piece = if resources { WITH_RESOURCES } else { count };
        let mut part =
            Part { changes: Vec::new(), resources: HashMap::new(), position: after.clone(), more: false };
        let mut bytes_left = self.service.config.limits.page_bytes;
        loop {
            let limit = piece.min(count - part.changes.len());
            let read = self.service.store.changes(self.realm(), &after, limit).await.map_err(expired)?;
            let shown: Vec<Change> = read.changes.into_iter().filter(is_shown).collect();
            if resources {
                bytes_left = self.add_resources(&mut part.resources, &shown, bytes_left).await?;
            }
            part.changes.extend(shown);
            (part.position, part.more) = (read.position, read.more);
            if !part.more || part.changes.len() >= count || bytes_left == 0 {
                return Ok(part);
            }
            after = part.position.clone();
            // Small reads are done on this thread, which others are waiting for.
            tokio::task::yield_now().await;
        }
    }

    /// Reads the resources of these changes as they are now; how many bytes are left after them. Groups come without their
    /// members, which the feed has one by one.
    async fn add_resources(
        &self,
        resources: &mut HashMap<(Kind, Uuid), Box<RawValue>>,
        changes: &[Change],
        mut bytes_left: usize,
    ) -> Answer<usize> {
        for kind in [Kind::User, Kind::Group] {
            let mut ids: Vec<Uuid> = changes.iter().filter(|it| it.kind == kind).map(|it| it.id).collect();
            ids.sort_unstable();
            ids.dedup();
            for id in &ids {
                // Read earlier for another change, and perhaps deleted since.
                resources.remove(&(kind, *id));
            }
            let excluded = if kind == Kind::Group { vec!["members".to_owned()] } else { Vec::new() };
            let projection = Projection::of(&[], &excluded, &self.ty(kind).definition)?;
            let mut rest = &ids[..];
            while !rest.is_empty() {
                let (found, asked) = self.get_some(kind, rest).await?;
                rest = &rest[asked..];
                for seen in self.see_all(found).await? {
                    let mut sink = Sink::buffered();
                    self.write_resource(&mut sink, &seen, &projection).await?;
                    bytes_left = bytes_left.saturating_sub(sink.buffer.len());
                    let text = String::from_utf8(sink.buffer).ok();
                    let resource =
                        text.and_then(|text| RawValue::from_string(text).ok()).ok_or_else(|| {
                            Refusal::new(
                                500,
                                format!("the stored {} {} is damaged", name(kind), seen.object.id),
                            )
                        })?;
                    resources.insert((kind, seen.object.id), resource);
                }
            }
        }
        Ok(bytes_left)
    }

    fn write_part(&self, part: &Part) -> Response<Body> {
        #[derive(serde::Serialize)]
        struct Page<'p> {
            changes: Vec<Entry<'p>>,
            position: String,
            more: bool,
        }
        #[derive(serde::Serialize)]
        struct Entry<'p> {
            #[serde(flatten)]
            change: Map<String, Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            resource: Option<&'p RawValue>,
        }
        let last: HashMap<(Kind, Uuid), usize> =
            part.changes.iter().enumerate().map(|(at, change)| ((change.kind, change.id), at)).collect();
        let entry = |(at, change): (usize, &Change)| {
            let resource = (change.kind, change.id);
            Entry {
                change: self.entry(change),
                // Once, where it is named last, however often it changed.
                resource: part.resources.get(&resource).filter(|_| last[&resource] == at).map(|it| &**it),
            }
        };
        let page = Page {
            changes: part.changes.iter().enumerate().map(entry).collect(),
            position: self.cursor(&part.position),
            more: part.more,
        };
        answer::json(StatusCode::OK, &page)
    }

    fn entry(&self, change: &Change) -> Map<String, Value> {
        let (what, member) = match change.what {
            Changed::Created => ("created", None),
            Changed::Written => ("changed", None),
            Changed::Deleted => ("deleted", None),
            Changed::EdgeAdded(_, kind, id) => ("memberAdded", Some((kind, id))),
            Changed::EdgeRemoved(_, kind, id) => ("memberRemoved", Some((kind, id))),
        };
        let mut entry = Map::new();
        entry.insert("change".to_owned(), what.into());
        entry.insert("resourceType".to_owned(), name(change.kind).into());
        entry.insert("id".to_owned(), change.id.to_string().into());
        entry.insert("location".to_owned(), self.location(change.kind, change.id).into());
        if let Some((kind, id)) = member {
            entry.insert("member".to_owned(), self.member_value(kind, id));
        }
        entry.insert("at".to_owned(), change.at.to_string().into());
        entry
    }

    /// A position as the client keeps it: it holds for this tenant only.
    fn cursor(&self, position: &Position) -> String {
        BASE64.encode([self.tenant.id.as_bytes(), &position.0[..]].concat())
    }

    /// Reads a position of this tenant. The error is `invalidCursor`.
    fn position(&self, cursor: &str) -> Answer<Position> {
        let foreign = || {
            Refusal::of(
                ScimType::InvalidCursor,
                "after is not a position of this tenant's feed: send the position of an earlier answer as it was, \
                 \"now\", or nothing for the beginning",
            )
        };
        let bytes = BASE64.decode(cursor).map_err(|_| foreign())?;
        let position = bytes.strip_prefix(self.tenant.id.as_bytes()).ok_or_else(foreign)?;
        Ok(Position(position.to_vec().into()))
    }
}

/// Whether a change is one of resources: extensions of the schema are in the feed as well.
fn is_shown(change: &Change) -> bool {
    let member = match change.what {
        Changed::EdgeAdded(edge, ..) | Changed::EdgeRemoved(edge, ..) => edge == EdgeKind::Member,
        Changed::Created | Changed::Written | Changed::Deleted => true,
    };
    member && matches!(change.kind, Kind::User | Kind::Group)
}

fn expired(error: store::Error) -> Refusal {
    match error {
        store::Error::PositionExpired => scim::Error {
            status: 410,
            ..scim::Error::of(
                ScimType::ExpiredCursor,
                "the changes after this position are no longer kept: ask for after=now and keep its position, read all \
                 users and groups anew, then go on from that position",
            )
        }
        .into(),
        store::Error::InvalidCursor => Refusal::of(
            ScimType::InvalidCursor,
            "after is no position: send the position of an earlier answer as it was",
        ),
        other => other.into(),
    }
}

/// Reads a length of time such as `PT20S`; a longer one than is granted is cut.
fn wait(text: &str) -> Answer<Duration> {
    let refused = || {
        let shown: String = text.chars().take(40).collect();
        Refusal::of(
            ScimType::InvalidValue,
            format!("wait is \"{shown}\", which is no length of time such as PT20S"),
        )
    };
    let length: SignedDuration = text.parse().map_err(|_| refused())?;
    let length = Duration::try_from(length).map_err(|_| refused())?;
    Ok(length.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_a_length_of_time_and_bounded() {
        assert_eq!(wait("PT20S").unwrap(), Duration::from_secs(20));
        assert_eq!(wait("PT0S").unwrap(), Duration::ZERO);
        assert_eq!(wait("PT24H").unwrap(), LONGEST_WAIT);
        for text in ["20", "-PT1S", "x", "P9999999999999999Y"] {
            assert!(wait(text).unwrap_err().error.detail.contains("PT20S"), "{text}");
        }
    }
}
