//! Walks through the resources that match, from any place on, which lose none and meet none twice while others write.

use scim::filter::Compiled;
use scim::{Map, ScimType};
use store::{Cursor, KeyRange, Kind, Object, Order, Scan};
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::call::Call;
use crate::plan::{Plan, too_many};
use crate::render::RESOURCES;

/// Where a walk goes on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    Start,
    /// By the order of the store.
    After(Cursor),
    /// By the order of the store among those that have a key.
    Keyed(Cursor),
    /// By the order of ids.
    Behind(Uuid),
}

impl Place {
    /// Whether a walk by the plan can go on there.
    pub(crate) fn fits(&self, plan: &Plan) -> bool {
        match self {
            Self::Start | Self::After(_) => true,
            Self::Keyed(_) => matches!(plan, Plan::Keyed(_)),
            Self::Behind(_) => matches!(plan, Plan::Found { .. } | Plan::Ids { .. }),
        }
    }
}

/// A match, and its resource where that was needed to see it.
pub(crate) type Match = (Object, Option<Map>);

/// A walk through the matches of one kind.
pub(crate) struct Walk<'q> {
    kind: Kind,
    filter: Option<&'q Compiled>,
    source: Source,
    /// How many resources it has read.
    pub(crate) looked_at: usize,
    /// Whether all matched that the last step looked at.
    dense: bool,
}

enum Source {
    Found(Vec<Object>),
    Ids { ids: Vec<Uuid>, at: usize },
    Scan(Scan),
    Keyed(Scan),
    End,
}

impl<'q> Walk<'q> {
    /// The error: the place is one in an order that no longer serves the filter.
    pub(crate) fn new(
        kind: Kind,
        filter: Option<&'q Compiled>,
        plan: Plan,
        scan: Scan,
        place: Place,
    ) -> Answer<Self> {
        // What was read with its key needs no filter; what has to be read by its id may have changed since.
        let certain = matches!(plan, Plan::Found { certain: true, .. });
        let source = match (place, plan) {
            (Place::After(cursor), _) => Source::Scan(scan.after(Some(cursor))),
            (Place::Start, Plan::Scan) => Source::Scan(scan),
            (Place::Start, Plan::Found { objects, .. }) => Source::Found(objects),
            (Place::Start, Plan::Ids { ids, .. }) => Source::Ids { ids, at: 0 },
            (Place::Behind(last), Plan::Found { mut objects, .. }) => {
                objects.retain(|object| object.id > last);
                Source::Found(objects)
            }
            (Place::Behind(last), Plan::Ids { ids, .. }) => {
                Source::Ids { at: ids.partition_point(|id| *id <= last), ids }
            }
            (Place::Start, Plan::Keyed(range)) => Source::Keyed(among(range, scan)),
            (Place::Keyed(cursor), Plan::Keyed(range)) => {
                Source::Keyed(among(range, scan).after(Some(cursor)))
            }
            (Place::Behind(_) | Place::Keyed(_), _) => {
                let other = "the query finds so much more or less than before that it is read in another order: start \
                             again with an empty cursor";
                return Err(Refusal::of(ScimType::ExpiredCursor, other));
            }
        };
        Ok(Self { kind, filter: filter.filter(|_| !certain), source, looked_at: 0, dense: true })
    }

    /// Where it goes on; `None` at its end.
    pub(crate) fn place(&self) -> Option<Place> {
        match &self.source {
            Source::Scan(scan) => Some(scan.after.clone().map_or(Place::Start, Place::After)),
            Source::Keyed(scan) => Some(scan.after.clone().map_or(Place::Start, Place::Keyed)),
            Source::Ids { ids, at } if *at < ids.len() => {
                Some(at.checked_sub(1).map_or(Place::Start, |before| Place::Behind(ids[before])))
            }
            Source::Found(objects) if !objects.is_empty() => Some(Place::Start),
            Source::Ids { .. } | Source::Found(_) | Source::End => None,
        }
    }

    /// Leaves out so many ids without reading what they stand for; whether it knows how.
    pub(crate) fn leave_out(&mut self, number: u64) -> bool {
        let Source::Ids { ids, at } = &mut self.source else { return false };
        *at = usize::try_from(number).map_or(ids.len(), |number| at.saturating_add(number).min(ids.len()));
        true
    }
}

/// The scan of what has a key in the range.
fn among(range: KeyRange, scan: Scan) -> Scan {
    let KeyRange { name, from, to } = range;
    Scan { order: Order::Key { name, from, to }, ..scan }
}

impl Call {
    /// The matches of the next step, `most` at most, perhaps none; `None` at the end. The walk then stands right behind
    /// the last of them.
    pub(crate) async fn step(&self, walk: &mut Walk<'_>, most: usize) -> Answer<Option<Vec<Match>>> {
        // Where all matches, no more is read than is wanted; a rare match is looked for at full pace.
        let left = self.service.config.limits.work.saturating_sub(walk.looked_at);
        let mut limit = if walk.dense { most.min(RESOURCES) } else { RESOURCES }.min(left).max(1);
        loop {
            let (objects, next) = match std::mem::replace(&mut walk.source, Source::End) {
                Source::End => return Ok(None),
                Source::Found(objects) => (objects, Source::End),
                Source::Ids { at, ids } if at == ids.len() => return Ok(None),
                Source::Ids { at, ids } => {
                    let end = ids.len().min(at + limit);
                    let (objects, asked) = self.get_some(walk.kind, &ids[at..end]).await?;
                    (objects, Source::Ids { at: at + asked, ids })
                }
                Source::Scan(scan) => self.page_of(walk, Source::Scan, scan, limit).await?,
                Source::Keyed(scan) => self.page_of(walk, Source::Keyed, scan, limit).await?,
            };
            if !matches!(next, Source::End) {
                // Small reads are done on this thread, which others are waiting for.
                tokio::task::yield_now().await;
            }
            let read = objects.len();
            let mut matches: Vec<Match> = Vec::new();
            let mut seen = 0;
            for object in objects {
                if matches.len() == most {
                    break;
                }
                seen += 1;
                match walk.filter {
                    None => matches.push((object, None)),
                    Some(filter) => {
                        let admitted = self.admit(filter, object).await?;
                        matches.extend(admitted.map(|(object, resource)| (object, Some(resource))));
                    }
                }
            }
            walk.source = match next {
                Source::Ids { ids, .. } if seen < read => {
                    let last = matches.last().map(|(object, _)| object.id);
                    let at = last.map_or(0, |last| ids.partition_point(|id| *id <= last));
                    Source::Ids { ids, at }
                }
                // Only the store knows the place behind an object, and tells it at the end of a page. What is there
                // when this shorter one is read counts: something may have been deleted in between.
                _ if seen < read => {
                    limit = seen;
                    continue;
                }
                next => next,
            };
            walk.looked_at += seen;
            walk.dense = matches.len() == seen;
            return Ok(Some(matches));
        }
    }

    /// A page of the store, and where the walk goes on after it; it still stands before.
    async fn page_of(
        &self,
        walk: &mut Walk<'_>,
        source: fn(Scan) -> Source,
        scan: Scan,
        limit: usize,
    ) -> Answer<(Vec<Object>, Source)> {
        let page = Scan { limit, ..scan.clone() };
        let page = self.service.store.scan(self.realm(), walk.kind, page).await?;
        let after = |next| source(Scan { offset: 0, ..scan.clone() }.after(Some(next)));
        let next = page.next.map_or(Source::End, after);
        walk.source = source(scan);
        Ok((page.objects, next))
    }

    /// As [`Self::step`]. The error is `tooMany`, when there is more than the service is willing to look at.
    pub(crate) async fn step_within(&self, walk: &mut Walk<'_>, most: usize) -> Answer<Option<Vec<Match>>> {
        let work = self.service.config.limits.work;
        if walk.looked_at >= work && walk.place().is_some() {
            return Err(too_many(work));
        }
        self.step(walk, most).await
    }
}
