//! Accounts of the target by the values that they carry: asked for, or read whole into memory.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use engine::{CompiledMapping, MatchingValue};
use scim_client::path::Path;
use scim_client::{ErrorCode, Failure, PageToken, Resource, Select, document};
use serde_json::Value;

use crate::context::{Context, Rule};
use crate::error::Stop;
use crate::work::Export;

/// A target that holds more than this is not read whole.
const MOST_INDEXED: u64 = 200_000;

/// The target's resources of a type by hashes of their matching values: candidates, to be verified.
pub(crate) struct Index {
    hasher: RandomState,
    ids: HashMap<u64, Ids>,
}

enum Ids {
    One(Box<str>),
    Many(Vec<Box<str>>),
}

impl Index {
    fn new() -> Self {
        Self { hasher: RandomState::new(), ids: HashMap::new() }
    }

    fn hash(&self, path: &str, value: &str) -> u64 {
        self.hasher.hash_one((path, scim::fold::fold_key(value)))
    }

    pub fn insert(&mut self, path: &str, value: &str, id: &str) {
        let hash = self.hash(path, value);
        match self.ids.get_mut(&hash) {
            None => {
                self.ids.insert(hash, Ids::One(id.into()));
            }
            Some(Ids::One(one)) if **one == *id => {}
            Some(Ids::Many(many)) if many.iter().any(|one| **one == *id) => {}
            Some(Ids::Many(many)) => many.push(id.into()),
            Some(slot @ Ids::One(_)) => {
                if let Ids::One(one) = std::mem::replace(slot, Ids::Many(vec![id.into()]))
                    && let Ids::Many(many) = slot
                {
                    many.push(one);
                }
            }
        }
    }

    /// Takes note of what an account was just given.
    pub fn learn(&mut self, mapping: &CompiledMapping, id: &str, export: &Export) {
        for path in mapping.asked_paths() {
            let value = match export {
                Export::Create(values) => values.get(path),
                Export::Patch(changes) => changes.get(path),
                Export::Delete | Export::Nothing => None,
            };
            if let Some(value) = value.and_then(text) {
                self.insert(path, &value, id);
            }
        }
    }

    fn candidates(&self, path: &str, value: &str) -> Vec<String> {
        match self.ids.get(&self.hash(path, value)) {
            None => Vec::new(),
            Some(Ids::One(id)) => vec![id.to_string()],
            Some(Ids::Many(ids)) => ids.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Context {
    /// Reads the target into an index where that costs fewer requests than asking for `expected` objects one by one.
    pub async fn prefetch(&self, rule: &Rule, expected: u64) -> Result<(), Stop> {
        if expected < 4 || rule.index.lock().is_some() {
            return Ok(());
        }
        match self.unless_stopped(self.read_index(rule, Some(expected))).await? {
            Ok(Some(index)) => {
                tracing::info!(kind = ?rule.kind, expected, values = index.ids.len(), "matching in memory: the target was read by pages");
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

    /// Reads all matching values of the target; `None` when that costs more than `expected` queries.
    async fn read_index(&self, rule: &Rule, expected: Option<u64>) -> Result<Option<Index>, Failure> {
        let asked: Vec<&str> = rule.mapping.asked_paths().collect();
        let paths: Vec<&str> = std::iter::once("id").chain(asked.iter().copied()).collect();
        let parsed: Vec<(&str, Path)> =
            asked.into_iter().filter_map(|path| Some((path, Path::parse(path).ok()?))).collect();
        let mut index = Index::new();
        let mut token = PageToken::first();
        loop {
            if self.cancel.is_cancelled() {
                return Ok(None);
            }
            let page = self.heard(self.target.list(rule.kind, Select::Only(&paths), token).await)?;
            if let Some(expected) = expected {
                let size = page.resources.len().max(1) as u64;
                let total = page.total.unwrap_or(u64::MAX);
                if page.next.is_some() && (total > MOST_INDEXED || total / size > expected) {
                    return Ok(None);
                }
            }
            for resource in &page.resources {
                for (path, parsed) in &parsed {
                    for value in document::values(&resource.attributes, parsed).into_iter().filter_map(text) {
                        index.insert(path, &value, &resource.id);
                    }
                }
            }
            match page.next {
                Some(next) => token = next,
                None => return Ok(Some(index)),
            }
        }
    }

    /// The accounts that carry a matching value.
    ///
    /// `fresh`: the index may be older than what has to be found; ask the target.
    pub async fn accounts(
        &self,
        rule: &Rule,
        wanted: &MatchingValue,
        fresh: bool,
    ) -> Result<Vec<Resource>, Failure> {
        if !fresh {
            let known = rule.index.lock().as_ref().map(|index| index.candidates(&wanted.path, &wanted.value));
            if let Some(ids) = known {
                return self.verify(rule, wanted, ids).await;
            }
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
        let index = self.read_index(rule, None).await?;
        let Some(index) = index else {
            return Err(Failure {
                code: ErrorCode::DeadlineExceeded,
                status: None,
                scim_type: None,
                reason: "the cycle was stopped".into(),
                recommended_action: "".into(),
                retryable: true,
                outcome_unknown: false,
                retry_after: None,
            });
        };
        let ids = index.candidates(&wanted.path, &wanted.value);
        *rule.index.lock() = Some(index);
        self.verify(rule, wanted, ids).await
    }

    /// Those of the candidates that exist and really carry the value.
    async fn verify(
        &self,
        rule: &Rule,
        wanted: &MatchingValue,
        ids: Vec<String>,
    ) -> Result<Vec<Resource>, Failure> {
        let Ok(path) = Path::parse(&wanted.path) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for id in ids {
            match self.heard(self.target.get(rule.kind, &id, Select::Usual).await) {
                Ok(resource) => {
                    let values = document::values(&resource.attributes, &path);
                    if values
                        .into_iter()
                        .filter_map(text)
                        .any(|it| document::same_text(&path, &it, &wanted.value))
                    {
                        found.push(resource);
                    }
                }
                Err(failure) if failure.is_gone() => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(found)
    }
}

/// A value as text, for comparing; lists and objects have none.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
