//! Accounts of the target by the values that they carry: asked for one by one, or read by pages beforehand.

use std::io;
use std::time::Duration;

use engine::{Desired, MatchingValue};
use scim_client::path::Path;
use scim_client::{ErrorCode, Failure, Page, PageToken, Resource, Select, document};
use tokio::time::Instant;

use crate::context::{CONCURRENCY, Context, Rule};
use crate::error::Stop;
use crate::index::{Candidate, Index};
use crate::work::Export;

/// A target that holds more than this is not read whole.
const MOST_READ: u64 = 5_000_000;

/// Fewer objects are not worth a thought.
const FEW: u64 = 4;

/// What a request costs this process, however quick the target is.
const OWN_COST: Duration = Duration::from_micros(200);

/// How far what was read of the target by pages is believed.
#[derive(Clone, Copy)]
pub(crate) enum Belief<'a> {
    /// Not at all: the target is asked.
    None,
    /// It says whom to look at.
    Hint,
    /// An account that is as it should be already is taken as it was read: whether it is there still is found out of all
    /// of them together, when everyone has been looked at.
    AsRead(&'a Desired),
}

impl Context {
    /// Reads the target by pages where that costs less time than asking for `expected` objects one by one, going by
    /// how long it takes with a page and a query. `whole`: not only who it is that may have to be looked at.
    pub async fn prefetch(&self, rule: &Rule, expected: u64, whole: bool) -> Result<(), Stop> {
        if expected < FEW || rule.index.lock().is_some() {
            return Ok(());
        }
        match self.unless_stopped(self.read_index(rule, Some(expected), whole)).await? {
            Ok(Some(index)) => {
                tracing::info!(kind = ?rule.kind, expected, values = index.len(), "matching here: the target was read by pages");
                *rule.index.lock() = Some(index);
                Ok(())
            }
            Ok(None) => {
                tracing::info!(kind = ?rule.kind, expected, "matching by queries: cheaper than reading the target");
                Ok(())
            }
            Err(failure) if self.is_fatal(&failure) => Err(Stop::Target(failure)),
            Err(failure) => {
                tracing::info!(kind = ?rule.kind, %failure, "matching by queries: the target cannot be listed");
                Ok(())
            }
        }
    }

    /// Reads what the target holds; `None` when that costs more than `expected` queries.
    async fn read_index(
        &self,
        rule: &Rule,
        expected: Option<u64>,
        whole: bool,
    ) -> Result<Option<Index>, Failure> {
        let mut asked: Vec<(&str, Path)> = Vec::new();
        for path in rule.mapping.asked_paths() {
            asked.extend(Path::parse(path).ok().map(|parsed| (path, parsed)));
        }
        let mut paths: Vec<&str> = vec!["id"];
        if whole {
            paths.extend(rule.mapping.paths());
            paths.extend(self.etags.then_some("meta.version"));
        } else {
            paths.extend(asked.iter().map(|(path, _)| *path));
        }
        let mut select = Select::Only(&paths);
        let mut index = Index::new(&self.scratch).map_err(|error| not_kept(&error))?;
        let mut token = PageToken::first();
        let (mut first, mut read) = (true, 0);
        loop {
            if self.cancel.is_cancelled() {
                return Ok(None);
            }
            let began = Instant::now();
            let page = match self.heard(self.target.list(rule.kind, select, token.clone()).await) {
                // Not every target takes every path there.
                Err(failure)
                    if first && failure.code != ErrorCode::InvalidAnchor && failure.status == Some(400) =>
                {
                    select = Select::Usual;
                    self.heard(self.target.list(rule.kind, select, token).await)?
                }
                page => page?,
            };
            if let Some(expected) = expected.filter(|_| first)
                && page.next.is_some()
                && !self.pays(rule, &asked, &page, began.elapsed(), expected).await?
            {
                return Ok(None);
            }
            first = false;
            read += page.resources.len() as u64;
            if read > MOST_READ {
                return if expected.is_some() { Ok(None) } else { Err(too_many()) };
            }
            for resource in &page.resources {
                let values = values_of(resource, &asked);
                let kept = if whole {
                    index.insert_whole(resource, values)
                } else {
                    index.insert(&resource.id, values)
                };
                kept.map_err(|error| not_kept(&error))?;
            }
            match page.next {
                Some(next) => token = next,
                None => return Ok(Some(index)),
            }
        }
    }

    /// Reads once more who is there.
    pub async fn read_again(&self, rule: &Rule) -> Result<(), Failure> {
        let index = self.read_index(rule, None, false).await?;
        *rule.index.lock() = Some(index.ok_or_else(stopped)?);
        Ok(())
    }

    /// Whether reading the rest by pages takes less time than so many queries, of which one is made to see.
    async fn pays(
        &self,
        rule: &Rule,
        asked: &[(&str, Path)],
        page: &Page,
        page_took: Duration,
        expected: u64,
    ) -> Result<bool, Failure> {
        let total = page.total.unwrap_or(u64::MAX);
        if total > MOST_READ {
            return Ok(false);
        }
        if !self.filters {
            return Ok(true);
        }
        let some = page.resources.iter().find_map(|resource| values_of(resource, asked).next());
        let Some((path, value)) = some else { return Ok(true) };
        let began = Instant::now();
        match self.heard(self.target.find(rule.kind, path, &value).await) {
            Ok(found) if !found.filter_ignored => {}
            Ok(_) => return Ok(true),
            Err(failure) if failure.refuses_filter() => return Ok(true),
            Err(failure) => return Err(failure),
        }
        let query_took = began.elapsed();
        let pages = total / (page.resources.len() as u64).max(1);
        // Where requests are counted by the minute, each costs its share of it.
        let share =
            self.job.limits.requests_per_minute.map_or(OWN_COST, |most| Duration::from_mins(1) / most.get());
        let at_once = u32::try_from(self.target.concurrency().min(CONCURRENCY)).unwrap_or(1).max(1);
        let cost = |requests: u64, each: Duration| u128::from(requests) * each.max(share).as_nanos();
        let (listing, asking) = (cost(pages, page_took), cost(expected, query_took / at_once));
        tracing::debug!(kind = ?rule.kind, pages, ?page_took, expected, ?query_took, at_once, "the cost of matching");
        Ok(listing <= asking)
    }

    /// The accounts that carry a matching value.
    pub async fn accounts(
        &self,
        rule: &Rule,
        wanted: &MatchingValue,
        belief: Belief<'_>,
    ) -> Result<Vec<Resource>, Failure> {
        if !matches!(belief, Belief::None)
            && let Some(candidates) = rule.candidates(wanted)
        {
            return self.verify(rule, wanted, candidates, belief).await;
        }
        if self.filters {
            match self.heard(self.target.find(rule.kind, &wanted.path, &wanted.value).await) {
                Ok(found) if !found.filter_ignored => return Ok(found.resources),
                Ok(_) => {
                    tracing::warn!(kind = ?rule.kind, "filter ignored: the target is listed and matched here");
                }
                Err(failure) if failure.refuses_filter() => {}
                Err(failure) => return Err(failure),
            }
        }
        let Some(index) = self.read_index(rule, None, false).await? else { return Err(stopped()) };
        *rule.index.lock() = Some(index);
        let candidates = rule.candidates(wanted).unwrap_or_default();
        self.verify(rule, wanted, candidates, Belief::Hint).await
    }

    /// Those of the candidates that exist and really carry the value: what was read may be over, and nothing is written
    /// to an account that has not just been seen.
    async fn verify(
        &self,
        rule: &Rule,
        wanted: &MatchingValue,
        mut candidates: Vec<Candidate>,
        belief: Belief<'_>,
    ) -> Result<Vec<Resource>, Failure> {
        let Ok(path) = Path::parse(&wanted.path) else { return Ok(Vec::new()) };
        let carries = |resource: &Resource| {
            let mut texts = document::values(&resource.attributes, &path).filter_map(document::text);
            texts.any(|it| document::same_text(&path, &it, &wanted.value))
        };
        if let ([candidate], Belief::AsRead(desired)) = (&mut candidates[..], belief) {
            let as_wanted = |read: &Resource| {
                let found = rule.read(read, rule.mapping.paths_of(desired));
                desired.questions.is_empty() && rule.mapping.changes_on_match(desired, &found).is_empty()
            };
            if let Some(read) = candidate.read.take_if(|read| carries(read) && as_wanted(read)) {
                return Ok(vec![read]);
            }
        }
        let mut found = Vec::new();
        for Candidate { id, .. } in candidates {
            match self.heard(self.target.get(rule.kind, &id, Select::Usual).await) {
                Ok(resource) if carries(&resource) => found.push(resource),
                Ok(_) => {}
                Err(failure) if failure.is_gone() => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(found)
    }
}

impl Rule {
    /// Whether an account was read to have a value.
    pub fn listed(&self, id: &str, by: &MatchingValue) -> bool {
        self.candidates(by).is_some_and(|found| found.iter().any(|candidate| candidate.id == id))
    }

    /// Who may carry a value, by what was read; `None` where nothing was read, or it can no longer be used.
    fn candidates(&self, wanted: &MatchingValue) -> Option<Vec<Candidate>> {
        with_index(self, |index| index.candidates(&wanted.path, &wanted.value))
    }

    /// Takes note of what an account was just given.
    pub fn learn(&self, id: &str, export: &Export) {
        let values = self.mapping.asked_paths().filter_map(|path| {
            let value = match export {
                Export::Create(values) => values.get(path),
                Export::Patch(changes) => changes.get(path),
                Export::Delete | Export::Nothing => None,
            };
            Some((path, document::text(value?)?))
        });
        with_index(self, |index| {
            if matches!(export, Export::Patch(changes) if !changes.is_empty()) {
                index.doubt(id);
            }
            index.insert(id, values)
        });
    }
}

/// Works on what was read of a target. A file that fails costs speed and nothing else: the target is asked from then on.
fn with_index<T>(rule: &Rule, work: impl FnOnce(&mut Index) -> io::Result<T>) -> Option<T> {
    let mut index = rule.index.lock();
    match work(index.as_mut()?) {
        Ok(done) => Some(done),
        Err(error) => {
            tracing::warn!(kind = ?rule.kind, %error, "what was read of the target is lost; it is asked instead");
            *index = None;
            None
        }
    }
}

fn values_of<'a>(
    resource: &'a Resource,
    asked: &'a [(&'a str, Path)],
) -> impl Iterator<Item = (&'a str, String)> {
    asked.iter().flat_map(|(path, parsed)| {
        let texts = document::values(&resource.attributes, parsed).filter_map(document::text);
        texts.map(|value| (*path, value))
    })
}

fn not_kept(error: &io::Error) -> Failure {
    Failure {
        recommended_action:
            "Make room on the disk that holds the data directory, or let the target take filters \
                             (userName eq \"...\"), so that it need not be read whole."
                .into(),
        ..Failure::new(
            ErrorCode::InternalServerError,
            format!("What was read of the target cannot be kept: {error}."),
        )
    }
}

fn too_many() -> Failure {
    Failure {
        recommended_action:
            "Let the target take filters (userName eq \"...\"), so that it need not be read whole.".into(),
        ..Failure::new(
            ErrorCode::InvalidFilter,
            format!(
                "The target takes no filters and lists more than {MOST_READ} resources: accounts cannot be found."
            ),
        )
    }
}

fn stopped() -> Failure {
    Failure::new(ErrorCode::DeadlineExceeded, "the cycle was stopped")
}
