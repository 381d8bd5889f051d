//! Changes of a group's members, as operations on edges.

use scim::{Member, MemberEdit, Quirks, ScimType};
use store::{Edge, EdgeKind, EdgesOf, Kind, Op, Transaction};
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::call::Call;
use crate::document;
use crate::render::PAGE;

impl Call {
    fn edge(&self, group: Uuid, member: (Kind, Uuid)) -> Edge {
        Edge { realm: self.realm(), kind: EdgeKind::Member, from: (Kind::Group, group), to: member }
    }

    /// What the members that a request names are. The error is `invalidValue`, for the first that does not exist.
    pub(crate) async fn resolve(&self, members: &[Member]) -> Answer<Vec<(Kind, Uuid)>> {
        let mut resolved = Vec::with_capacity(members.len());
        for chunk in members.chunks(PAGE) {
            let ids: Vec<Uuid> = chunk.iter().map(|member| id(&member.value)).collect::<Answer<_>>()?;
            let store = &self.service.store;
            let users = store.exist(self.realm(), Kind::User, &ids).await?;
            let rest: Vec<Uuid> =
                ids.iter().zip(&users).filter(|(_, user)| !**user).map(|(id, _)| *id).collect();
            if !rest.is_empty() {
                let groups = store.exist(self.realm(), Kind::Group, &rest).await?;
                if let Some((missing, _)) = rest.iter().zip(&groups).find(|(_, group)| !**group) {
                    return Err(no_member(&missing.to_string()));
                }
            }
            let kind = |user: &bool| if *user { Kind::User } else { Kind::Group };
            resolved.extend(ids.iter().zip(&users).map(|(id, user)| (kind(user), *id)));
        }
        Ok(resolved)
    }

    /// Adds operations that make the edits. Whether the transaction must hold to the version of the group: it must
    /// where an edit depends on who the members are now.
    pub(crate) async fn edit_members(
        &self,
        transaction: &mut Transaction,
        group: Uuid,
        edits: &[MemberEdit],
    ) -> Answer<bool> {
        let mut depends = false;
        for edit in edits {
            match edit {
                MemberEdit::Add(members) => {
                    for member in self.resolve(members).await? {
                        transaction.add_edge(self.edge(group, member));
                    }
                }
                MemberEdit::Remove(ids) => {
                    // An id that is none of ours is nobody's.
                    for id in ids.iter().filter_map(|id| document::id(id)) {
                        transaction.remove_edge(self.edge(group, (Kind::User, id)));
                        transaction.remove_edge(self.edge(group, (Kind::Group, id)));
                    }
                }
                MemberEdit::RemoveAll => clear(self, transaction, group),
                MemberEdit::ReplaceAll(members) if depends || !transaction.is_empty() => {
                    // Edits before this one count for nothing, but those of the document do.
                    transaction.ops.retain(|op| !matches!(op, Op::AddEdge(_) | Op::RemoveEdge(_)));
                    clear(self, transaction, group);
                    for member in self.resolve(members).await? {
                        transaction.add_edge(self.edge(group, member));
                    }
                }
                MemberEdit::ReplaceAll(members) => {
                    depends = true;
                    self.replace_members(transaction, group, members).await?;
                }
                MemberEdit::RemoveMatching(filter) => {
                    let definition = &self.ty(Kind::Group).definition;
                    let members =
                        definition.edge().ok_or_else(|| Refusal::new(500, "groups have no members"))?;
                    let located = scim::Located { extension: None, attribute: members, sub: None };
                    let compiled = filter.resolve_element(&located, &mut Quirks::new())?;
                    for (kind, id) in self.current_members(group).await? {
                        if compiled.matches_value(&self.member_value(kind, id)) {
                            transaction.remove_edge(self.edge(group, (kind, id)));
                        }
                    }
                }
            }
        }
        Ok(depends)
    }

    /// Adds operations that make these the members: only for those who come or go.
    pub(crate) async fn replace_members(
        &self,
        transaction: &mut Transaction,
        group: Uuid,
        members: &[Member],
    ) -> Answer<()> {
        let mut wanted = self.resolve(members).await?;
        let mut current = self.current_members(group).await?;
        // There may be hundreds of thousands: in order they are compared without another copy.
        wanted.sort_unstable();
        current.sort_unstable();
        for member in wanted.iter().filter(|member| current.binary_search(member).is_err()) {
            transaction.add_edge(self.edge(group, *member));
        }
        for member in current.iter().filter(|member| wanted.binary_search(member).is_err()) {
            transaction.remove_edge(self.edge(group, *member));
        }
        Ok(())
    }

    /// Kind and id of all members: 17 bytes for each.
    pub(crate) async fn current_members(&self, group: Uuid) -> Answer<Vec<(Kind, Uuid)>> {
        let mut members = Vec::new();
        let mut after = None;
        loop {
            let edges =
                self.service.store.edges(self.realm(), EdgeKind::Member, EdgesOf::From(group), after, PAGE);
            let page = edges.await?;
            members.extend(page.others);
            after = page.next;
            if after.is_none() {
                return Ok(members);
            }
        }
    }

    /// Adds the operations that give a new group its members.
    pub(crate) async fn first_members(
        &self,
        transaction: &mut Transaction,
        group: Uuid,
        members: &[Member],
    ) -> Answer<()> {
        for member in self.resolve(members).await? {
            transaction.add_edge(self.edge(group, member));
        }
        Ok(())
    }
}

fn clear(call: &Call, transaction: &mut Transaction, group: Uuid) {
    transaction.ops.push(Op::ClearEdges {
        realm: call.realm(),
        edge: EdgeKind::Member,
        from: (Kind::Group, group),
    });
}

fn id(value: &str) -> Answer<Uuid> {
    document::id(value).ok_or_else(|| no_member(value))
}

pub(crate) fn no_member(value: &str) -> Refusal {
    let value: String = value.chars().take(80).collect();
    Refusal::of(
        ScimType::InvalidValue,
        format!("members: there is no user or group with the id \"{value}\" in this tenant; create it first"),
    )
}
