//! Create, replace, PATCH, delete.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use scim::resource::Mode;
use scim::{Body, Map, PatchRequest, ScimType, patch};
use store::{Committed, Expect, Kind, Object, Transaction};
use uuid::Uuid;

use crate::answer::{Answer, Cause, Refusal, Taken};
use crate::call::Call;
use crate::document;
use crate::members::no_member;
use crate::render::name;
use crate::schemas::Schemas;

/// What the client makes a write depend on (RFC 7644 section 3.14).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Precondition<'h> {
    pub(crate) if_match: Option<&'h str>,
    pub(crate) if_none_match: Option<&'h str>,
}

/// What changes a resource.
pub(crate) enum Edit<'r> {
    /// PUT.
    Replace(Body),
    /// PATCH.
    Patch(&'r PatchRequest),
}

/// Whether a list of entity tags names one; weak comparison (RFC 9110 section 8.8.3.2).
pub(crate) fn names_tag(list: &str, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    list.split(',').any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

impl Call {
    /// Creates a resource. Errors: those of [`scim::Definition::accept`], `uniqueness`, members that do not exist.
    pub(crate) async fn create(&self, kind: Kind, body: Body) -> Answer<Object> {
        let mut call = self.clone();
        loop {
            match call.create_as_described(kind, body.clone()).await {
                Err(refusal) if refusal.is_redefined() => call = call.renewed().await?,
                other => return other,
            }
        }
    }

    async fn create_as_described(&self, kind: Kind, body: Body) -> Answer<Object> {
        let definition = &self.ty(kind).definition;
        let accepted = definition.accept(body.resource, Mode::Create, self.tenant.settings.strict)?;
        self.note(&body.quirks);
        self.note(&accepted.quirks);
        let members = body.members.or(accepted.members).unwrap_or_default();
        let id = self.service.ids.next();
        let at = self.service.clock.now();
        self.schemas.check_next(kind, &accepted.resource)?;
        let keys = self.schemas.keys(kind, &accepted.resource, &self.tenant.settings);
        let body = document::bytes(accepted.resource, self.service.config.limits.resource)?;
        let tried = AtomicBool::new(false);
        let committed = store::transact(&*self.service.store, async || {
            if tried.swap(true, Ordering::Relaxed) {
                self.is_as_described().await?;
            }
            let mut transaction = Transaction::new(at);
            self.schemas.require(&mut transaction, self.realm());
            transaction.put(self.realm(), kind, id, Expect::Absent, body.clone(), keys.clone());
            self.first_members(&mut transaction, id, &members).await?;
            Ok::<_, Refusal>((transaction, ()))
        })
        .await;
        let ((), committed) = committed.map_err(|refusal| explain(refusal, id, &body, &self.schemas))?;
        let version = version_after(committed.as_ref()).unwrap_or(1);
        Ok(Object { kind, id, version, created: at, modified: at, body })
    }

    /// Replaces or patches a resource: reads it, changes it, writes it, again while others come in between. What is
    /// as it was is not written.
    pub(crate) async fn change(
        &self,
        kind: Kind,
        id: &str,
        edit: &Edit<'_>,
        when: Precondition<'_>,
    ) -> Answer<Object> {
        let mut call = self.clone();
        loop {
            match call.change_as_described(kind, id, edit, when).await {
                Err(refusal) if refusal.is_redefined() => call = call.renewed().await?,
                other => return other,
            }
        }
    }

    async fn change_as_described(
        &self,
        kind: Kind,
        id: &str,
        edit: &Edit<'_>,
        when: Precondition<'_>,
    ) -> Answer<Object> {
        let at = self.service.clock.now();
        let written = Mutex::new(Bytes::new());
        let resource = uuid(kind, id)?;
        let turn = self.service.turns.of(resource);
        let tried = AtomicBool::new(false);
        let outcome = store::transact(&*self.service.store, async || {
            turn.attempt().await;
            if tried.swap(true, Ordering::Relaxed) {
                self.is_as_described().await?;
            }
            let current = self.read(kind, id).await?;
            let mut expect = self.check(&current, when).await?;
            let mut transaction = Transaction::new(at);
            let before = self.parse(&current)?;
            let (after, depends) = self.edit(&mut transaction, &current, &before, edit).await?;
            if depends {
                expect = Some(Expect::Version(current.version));
            }
            let mut object = current;
            if let Some(after) = after {
                self.schemas.check_next(kind, &after)?;
                let keys = self.schemas.keys(kind, &after, &self.tenant.settings);
                let body = document::bytes(after, self.service.config.limits.resource)?;
                let expect = Expect::Version(object.version);
                // Before the edges: the version that is expected is the one that was read.
                let edges = std::mem::take(&mut transaction.ops);
                self.schemas.require(&mut transaction, self.realm());
                transaction.put(self.realm(), kind, object.id, expect, body.clone(), keys);
                transaction.ops.extend(edges);
                *written.lock() = body.clone();
                object.body = body;
            } else if let Some(expect) = expect.filter(|_| !transaction.is_empty()) {
                let edges = std::mem::take(&mut transaction.ops);
                transaction.require(self.realm(), kind, object.id, expect);
                transaction.ops.extend(edges);
            }
            Ok::<_, Refusal>((transaction, object))
        })
        .await;
        let (mut object, committed) =
            outcome.map_err(|refusal| explain(refusal, resource, &written.lock(), &self.schemas))?;
        if let Some(version) = version_after(committed.as_ref())
            && version != object.version
        {
            (object.version, object.modified) = (version, at);
        }
        Ok(object)
    }

    /// What an edit makes of a document (`None`: it stays), with operations for the members, and whether these
    /// depend on who the members are.
    async fn edit(
        &self,
        transaction: &mut Transaction,
        current: &Object,
        before: &Map,
        edit: &Edit<'_>,
    ) -> Answer<(Option<Map>, bool)> {
        let definition = &self.ty(current.kind).definition;
        let strict = self.tenant.settings.strict;
        match edit {
            Edit::Replace(body) => {
                let mode = Mode::Replace { current: before };
                let accepted = definition.accept(body.resource.clone(), mode, strict)?;
                self.note(&body.quirks);
                self.note(&accepted.quirks);
                if current.kind == Kind::Group {
                    let members = body.members.as_deref().or(accepted.members.as_deref()).unwrap_or_default();
                    self.replace_members(transaction, current.id, members).await?;
                }
                let changed = accepted.resource != *before;
                Ok((changed.then_some(accepted.resource), true))
            }
            Edit::Patch(request) => {
                let mut resource = before.clone();
                let applied = patch::apply(&mut resource, request, definition, strict)?;
                self.note(&applied.quirks);
                let depends = self.edit_members(transaction, current.id, &applied.edits).await?;
                Ok((applied.changed.then_some(resource), depends))
            }
        }
    }

    /// Deletes a resource; its memberships go with it.
    pub(crate) async fn delete(&self, kind: Kind, id: &str, when: Precondition<'_>) -> Answer<()> {
        let realm = self.realm();
        store::transact(&*self.service.store, async || {
            let current = self.read(kind, id).await?;
            let expect = self.check(&current, when).await?;
            let mut transaction = Transaction::new(self.service.clock.now());
            transaction.delete(realm, kind, current.id, expect.unwrap_or(Expect::Present));
            Ok::<_, Refusal>((transaction, ()))
        })
        .await?;
        Ok(())
    }

    /// The resource of an id. The error is 404.
    pub(crate) async fn read(&self, kind: Kind, id: &str) -> Answer<Object> {
        let object = self.service.store.get(self.realm(), kind, uuid(kind, id)?).await?;
        object.ok_or_else(|| Refusal::not_found(name(kind), id))
    }

    /// Checks what the client makes a write depend on; the version that the write then has to find.
    async fn check(&self, current: &Object, when: Precondition<'_>) -> Answer<Option<Expect>> {
        if when.if_match.is_none() && when.if_none_match.is_none() {
            return Ok(None);
        }
        let etag = self.see(current.clone()).await?.etag;
        if when.if_match.is_some_and(|tags| !names_tag(tags, &etag)) {
            return Err(Refusal::new(
                412,
                format!("the resource was changed in between: its version is now {etag}; read it again"),
            ));
        }
        if when.if_none_match.is_some_and(|tags| names_tag(tags, &etag)) {
            return Err(Refusal::new(
                412,
                format!("the resource has the version {etag} that If-None-Match excludes"),
            ));
        }
        Ok(Some(Expect::Version(current.version)))
    }
}

/// The id as the store has it. The error is 404: what is no id of ours is nobody's.
fn uuid(kind: Kind, id: &str) -> Answer<Uuid> {
    document::id(id).ok_or_else(|| match Uuid::parse_str(id) {
        Ok(other) => {
            let shown: String = id.chars().take(80).collect();
            Refusal::new(
                404,
                format!("there is no {} {shown} in this tenant: ids are exact, as {other} is", name(kind)),
            )
        }
        Err(_) => Refusal::not_found(name(kind), id),
    })
}

/// The version of the resource after a commit; `None` when there was nothing to commit.
fn version_after(committed: Option<&Committed>) -> Option<u64> {
    committed?.versions.iter().rev().find_map(|version| *version)
}

/// Completes what the store refused a write of a resource for by what was sent.
fn explain(refusal: Refusal, resource: Uuid, body: &Bytes, schemas: &Schemas) -> Refusal {
    let Taken { key, value, holder, kind } = match refusal.cause {
        Some(Cause::Taken(taken)) => *taken,
        // A member that was there when it was looked for, and deleted before the commit.
        Some(Cause::Missing(id)) if id != resource => return no_member(&id.to_string()),
        _ => return refusal,
    };
    let sent: Map = serde_json::from_slice(body).unwrap_or_default();
    let (attribute, shown) = schemas.behind(key, &value, &sent);
    let what = name(kind);
    Refusal::of(
        ScimType::Uniqueness,
        format!(
            "{attribute} \"{shown}\" is taken by the {what} {holder}; {attribute} is unique in this tenant: change \
             one of the two or delete that one"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_missing_is_a_member_unless_it_is_the_resource_itself() {
        let (group, user) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let schemas = Schemas::read(None).expect("the standard schemas");
        let missing = |kind, id| {
            explain(store::Error::Missing { kind, id }.into(), group, &Bytes::new(), &schemas).error
        };
        let error = missing(Kind::User, user);
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
        assert!(error.detail.contains(&user.to_string()), "{error}");
        assert_eq!(missing(Kind::Group, group).status, 404);
    }
}
