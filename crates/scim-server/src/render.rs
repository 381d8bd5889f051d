//! Resources on their way out: stored bytes with what is computed spliced in, or a projection of them.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;

use scim::{Map, Projection};
use serde_json::{Value, json};
use store::{EdgeKind, EdgePage, EdgesOf, Kind, Object};
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::call::Call;
use crate::document;
use crate::stream::Sink;

/// Members, and ids, read at a time.
pub(crate) const PAGE: usize = 1000;
/// Resources read at a time: each may have a megabyte, and a store hands the work on so many to another thread.
pub(crate) const RESOURCES: usize = 200;
/// Memberships of a user, and users with theirs, read at a time: most users are in few groups, and a store reads a few
/// rows without handing the work to another thread.
pub(crate) const MEMBERSHIPS: usize = 100;

/// A group that a user is in.
pub(crate) struct Membership {
    group: Uuid,
    display: Arc<str>,
}

/// A resource as read, with what is computed for it.
pub(crate) struct Seen {
    pub(crate) object: Object,
    groups: Vec<Membership>,
    /// Weak entity tag. That of a user covers the memberships.
    pub(crate) etag: String,
}

impl Seen {
    /// A resource without its memberships: for a group all there is, for a user enough where neither `groups` nor
    /// the entity tag matters.
    pub(crate) fn alone(object: Object) -> Self {
        let etag = etag(object.version, &[]);
        Self { object, groups: Vec::new(), etag }
    }
}

#[derive(serde::Deserialize)]
struct Named {
    #[serde(rename = "displayName", default)]
    display_name: String,
}

impl Call {
    /// Computes what a resource's document does not hold.
    pub(crate) async fn see(&self, object: Object) -> Answer<Seen> {
        if object.kind != Kind::User {
            return Ok(Seen::alone(object));
        }
        let (store, user) = (&self.service.store, [object.id]);
        let first = store
            .edges_of_each(self.realm(), EdgeKind::Member, Kind::User, &user.map(EdgesOf::To), MEMBERSHIPS)
            .await?;
        // Most users are in no group.
        if first.iter().all(|page| page.others.is_empty()) {
            return Ok(Seen::alone(object));
        }
        let groups = self.memberships(&user, first).await?.pop().unwrap_or_default();
        Ok(Seen { etag: etag(object.version, &groups), object, groups })
    }

    /// As [`Self::see`], of a few resources at a time.
    pub(crate) async fn see_all(&self, objects: Vec<Object>) -> Answer<Vec<Seen>> {
        let ids: Vec<Uuid> =
            objects.iter().filter(|object| object.kind == Kind::User).map(|user| user.id).collect();
        let store = &self.service.store;
        let of: Vec<EdgesOf> = ids.iter().copied().map(EdgesOf::To).collect();
        let first = store.edges_of_each(self.realm(), EdgeKind::Member, Kind::User, &of, MEMBERSHIPS).await?;
        let mut memberships = self.memberships(&ids, first).await?.into_iter();
        let see = |object: Object| {
            let groups =
                if object.kind == Kind::User { memberships.next() } else { None }.unwrap_or_default();
            Seen { etag: etag(object.version, &groups), object, groups }
        };
        Ok(objects.into_iter().map(see).collect())
    }

    /// The groups that each of these users is a direct member of, of which the first are known.
    async fn memberships(&self, users: &[Uuid], first: Vec<EdgePage>) -> Answer<Vec<Vec<Membership>>> {
        let (store, realm) = (&self.service.store, self.realm());
        let mut groups_of = Vec::with_capacity(users.len());
        for (user, mut page) in users.iter().zip(first) {
            let mut groups: Vec<Uuid> = page.others.into_iter().map(|(_, id)| id).collect();
            while let Some(after) = page.next.take() {
                let of = EdgesOf::To(*user);
                page = store.edges(realm, EdgeKind::Member, of, Some(after), MEMBERSHIPS).await?;
                groups.extend(page.others.iter().map(|(_, id)| *id));
            }
            groups_of.push(groups);
        }
        let names = self.group_names(groups_of.iter().flatten().copied().collect()).await?;
        let membership =
            |group: &Uuid| Some(Membership { group: *group, display: Arc::clone(names.get(group)?) });
        Ok(groups_of.iter().map(|groups| groups.iter().filter_map(membership).collect()).collect())
    }

    /// How these groups are called, of which many may be the same.
    async fn group_names(&self, mut groups: Vec<Uuid>) -> Answer<HashMap<Uuid, Arc<str>>> {
        groups.sort_unstable();
        groups.dedup();
        let mut names = HashMap::with_capacity(groups.len());
        let mut rest = &groups[..];
        while !rest.is_empty() {
            let (found, asked) = self.get_some(Kind::Group, &rest[..rest.len().min(MEMBERSHIPS)]).await?;
            rest = &rest[asked..];
            for group in found {
                let named: Named = serde_json::from_slice(&group.body)
                    .map_err(|_| Refusal::new(500, format!("the stored group {} is damaged", group.id)))?;
                names.insert(group.id, named.display_name.into());
            }
        }
        Ok(names)
    }

    fn groups_value(&self, groups: &[Membership]) -> Option<Value> {
        let element = |membership: &Membership| {
            json!({
                "value": membership.group.to_string(),
                "$ref": self.location(Kind::Group, membership.group),
                "display": &*membership.display,
                "type": "direct",
            })
        };
        (!groups.is_empty()).then(|| groups.iter().map(element).collect())
    }

    /// The URL of a resource.
    pub(crate) fn location(&self, kind: Kind, id: Uuid) -> String {
        format!("{}/{}/{id}", self.base, endpoint(kind))
    }

    /// The document with everything computed but the members of a group.
    pub(crate) fn whole(&self, seen: &Seen) -> Answer<Map> {
        let mut resource = self.bare(&seen.object)?;
        if let Some(groups) = self.groups_value(&seen.groups) {
            resource.insert("groups".into(), groups);
        }
        resource.insert(
            "meta".into(),
            json!({
                "resourceType": name(seen.object.kind),
                "created": seen.object.created.to_string(),
                "lastModified": seen.object.modified.to_string(),
                "location": self.location(seen.object.kind, seen.object.id),
                "version": seen.etag,
            }),
        );
        Ok(resource)
    }

    /// The stored document by the schemas that there are.
    pub(crate) fn parse(&self, object: &Object) -> Answer<Map> {
        let mut resource = document::parse(object)?;
        let ty = self.ty(object.kind);
        if ty.leftovers {
            ty.definition.forget_unknown(&mut resource);
        }
        Ok(resource)
    }

    /// The document with its id: enough for filters that ask for nothing else that is computed.
    pub(crate) fn bare(&self, object: &Object) -> Answer<Map> {
        let mut resource = self.parse(object)?;
        resource.insert("id".into(), object.id.to_string().into());
        Ok(resource)
    }

    /// Writes a resource as the projection wants it. Members are read page by page, and only if they are wanted.
    pub(crate) async fn write_resource(
        &self,
        sink: &mut Sink,
        seen: &Seen,
        projection: &Projection,
    ) -> Answer<()> {
        let ty = self.ty(seen.object.kind);
        if projection.is_default() && ty.plain {
            self.splice(&mut sink.buffer, seen)?;
        } else {
            let resource = self.whole(seen)?;
            serde_json::to_writer(&mut sink.buffer, &projection.view(&resource, &ty.definition))
                .map_err(|error| Refusal::new(500, format!("the resource cannot be written: {error}")))?;
        }
        if seen.object.kind == Kind::Group && projection.wants("members", &ty.definition) {
            sink.buffer.pop();
            self.write_members(sink, seen.object.id, projection).await?;
            sink.buffer.push(b'}');
        }
        Ok(())
    }

    /// The stored bytes with `id`, `meta` and `groups` around them, without parsing.
    fn splice(&self, out: &mut Vec<u8>, seen: &Seen) -> Answer<()> {
        let object = &seen.object;
        let failed = |error| Refusal::new(500, format!("the resource cannot be written: {error}"));
        let inner = object.body.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
        let inner = inner.ok_or_else(|| Refusal::new(500, "the stored resource is damaged"))?;
        out.reserve(inner.len() + 512);
        write!(out, r#"{{"id":"{}","#, object.id).map_err(failed)?;
        out.extend_from_slice(inner);
        if !inner.is_empty() {
            out.push(b',');
        }
        if let Some(groups) = self.groups_value(&seen.groups) {
            write!(out, r#""groups":{groups},"#).map_err(failed)?;
        }
        write!(
            out,
            r#""meta":{{"resourceType":"{}","created":"{}","lastModified":"{}","location":"{}/{}/{}","version":"{}"}}}}"#,
            name(object.kind),
            object.created,
            object.modified,
            self.base,
            endpoint(object.kind),
            object.id,
            seen.etag.replace('"', "\\\""),
        )
        .map_err(failed)
    }

    async fn write_members(&self, sink: &mut Sink, group: Uuid, projection: &Projection) -> Answer<()> {
        let mut after = None;
        let mut first = true;
        loop {
            let edges =
                self.service.store.edges(self.realm(), EdgeKind::Member, EdgesOf::From(group), after, PAGE);
            let page = edges.await?;
            for (kind, id) in page.others {
                let Some(member) = self.member(kind, id, projection) else { continue };
                sink.buffer.extend_from_slice(match (first, sink.buffer.last()) {
                    (false, _) => b",",
                    (true, Some(b'{')) => br#""members":["#,
                    (true, _) => br#","members":["#,
                });
                first = false;
                sink.buffer.extend_from_slice(&member);
            }
            sink.relieve().await?;
            after = page.next;
            if after.is_none() {
                if !first {
                    sink.buffer.push(b']');
                }
                return Ok(());
            }
        }
    }

    /// One element of `members`; `None` where the projection leaves nothing of it.
    fn member(&self, kind: Kind, id: Uuid, projection: &Projection) -> Option<Vec<u8>> {
        if projection.is_default() {
            let (base, endpoint, name) = (&self.base, endpoint(kind), name(kind));
            let text = format!(r#"{{"value":"{id}","$ref":"{base}/{endpoint}/{id}","type":"{name}"}}"#);
            return Some(text.into_bytes());
        }
        let element = self.member_value(kind, id);
        let alone = Map::from_iter([("members".to_owned(), Value::Array(vec![element]))]);
        let view = projection.view(&alone, &self.ty(Kind::Group).definition);
        let kept = serde_json::to_value(view).ok()?;
        serde_json::to_vec(kept.get("members")?.get(0)?).ok()
    }

    /// One element of `members` as a value.
    pub(crate) fn member_value(&self, kind: Kind, id: Uuid) -> Value {
        json!({ "value": id.to_string(), "$ref": self.location(kind, id), "type": name(kind) })
    }
}

/// The name of a resource type.
pub(crate) fn name(kind: Kind) -> &'static str {
    if kind == Kind::Group { "Group" } else { "User" }
}

/// The path of a resource type below the base.
pub(crate) fn endpoint(kind: Kind) -> &'static str {
    if kind == Kind::Group { "Groups" } else { "Users" }
}

/// A weak entity tag: the version, and for a user in groups a hash (FNV-1a) of which they are and how they are
/// called, since both are part of the user's representation.
fn etag(version: u64, groups: &[Membership]) -> String {
    if groups.is_empty() {
        return format!(r#"W/"{version}""#);
    }
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = groups.iter().fold(0xcbf2_9ce4_8422_2325, |hash, membership| {
        let hash = membership.group.as_bytes().iter().fold(hash, step);
        membership.display.as_bytes().iter().fold(hash, step)
    });
    format!(r#"W/"{version}-{hash:016x}""#)
}
