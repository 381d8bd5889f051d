//! Whether an attribute mapping can work with the attributes that the target has; if not, why, and what would.

use expression::nearest;
use model::{AttributeMapping, AttributeOrigin, AttributeType, MappingSource, Mutability, TargetAttribute};
use scim::Path;
use scim::filter::{Filter, Op};

use crate::target::{CORE, Listed, TargetList, split_part};

/// How attributes get on the list.
const ADD: &str = "if the target has it, add it to the job's target attributes (`provost job attribute add`)";

impl TargetList {
    /// Checks the path of a mapping, and what is written to it.
    pub(crate) fn check(&self, mapping: &AttributeMapping) -> Result<(), String> {
        let text = mapping.target_attribute_name.trim();
        let path = Path::parse(text).map_err(|error| error.detail)?;
        // Parentheses and quotes that are left out can be understood, and would reach the target as they are.
        let plain = |text: &str| text.split_whitespace().collect::<String>().to_ascii_lowercase();
        if plain(text) != plain(&path.to_string()) {
            return Err(format!("write it as {path}"));
        }
        let listed = self.resolve(&path)?;
        if let Some(listed) = listed {
            self.takes(&path, &listed.attribute, &mapping.source)?;
            for text in [constant(&mapping.source), mapping.default_value.as_deref()].into_iter().flatten() {
                fits(&listed.attribute, text)?;
            }
        }
        Ok(())
    }

    /// What a path names; `None` where it is a part of an attribute whose parts nobody has described.
    fn resolve(&self, path: &Path) -> Result<Option<&Listed>, String> {
        let clauses = path.filter.as_ref().map(clauses).transpose()?.unwrap_or_default();
        let whole = path.attr.to_string();
        let core =
            path.attr.uri.as_deref().is_some_and(|urn| urn.eq_ignore_ascii_case(CORE.trim_end_matches(':')));
        if path.attr.name.is_empty() || core || self.urns().any(|urn| urn.eq_ignore_ascii_case(&whole)) {
            return Err(format!("{path} is the URN of a schema: name an attribute of it, as in {path}:name"));
        }
        // Listed as it is written.
        if let Some(listed) = self.attribute(&path.to_string()) {
            return writable(listed).map(|()| Some(listed));
        }
        let container = scim::AttrPath { sub: None, ..path.attr.clone() };
        let Some(container) = self.attribute(&container.to_string()) else { return Err(self.unknown(path)) };
        writable(container)?;
        let name = &container.attribute.name;
        let parts = self.parts(&container.attribute);
        if container.attribute.kind != AttributeType::Complex
            && (path.filter.is_some() || path.attr.sub.is_some())
        {
            let kind = container.attribute.kind;
            return Err(format!("{name} is of type {kind:?} and has no parts: write {name}"));
        }
        if path.filter.is_some() && !container.attribute.multi_valued {
            let part = path.attr.sub.as_deref().unwrap_or("part");
            return Err(format!(
                "{name} has one value, among which a filter cannot choose: write {name}.{part}"
            ));
        }
        let part = |wanted: &str| -> Result<Option<&Listed>, String> {
            if parts.is_empty() {
                return Ok(None);
            }
            let found = parts.iter().find(|(part, _)| part.eq_ignore_ascii_case(wanted));
            found.map(|(_, listed)| Some(*listed)).ok_or_else(|| {
                let names = parts.iter().map(|(part, _)| *part);
                let hint = nearest(wanted, names.clone()).map_or_else(
                    || format!("it has {}; {ADD}", names.collect::<Vec<_>>().join(", ")),
                    |near| format!("did you mean {near}?"),
                );
                format!("the target's {name} has no {wanted}: {hint}")
            })
        };
        for clause in clauses {
            part(clause)?;
        }
        match &path.attr.sub {
            None => Ok(Some(container)),
            Some(sub) => match part(sub)? {
                Some(listed) => writable(listed).map(|()| Some(listed)),
                None => Ok(None),
            },
        }
    }

    /// The URNs of the extensions, one for each attribute.
    fn urns(&self) -> impl Iterator<Item = &str> {
        self.iter().filter_map(|listed| split_urn(&listed.attribute).0)
    }

    /// That there is no such attribute, with the one that was probably meant.
    fn unknown(&self, path: &Path) -> String {
        let wanted = path.attr.name.as_str();
        let Some(urn) = path.attr.uri.as_deref() else {
            return match self.meant(wanted) {
                Some(near) => {
                    format!("the target has no attribute {wanted}: did you mean {near}? If not, {ADD}")
                }
                None => format!("the target has no attribute {wanted}: {ADD}"),
            };
        };
        if !self.urns().any(|known| known.eq_ignore_ascii_case(urn)) {
            return match self.urns().find(|known| one_part_off(urn, known)) {
                Some(near) => {
                    format!("the target has no schema {urn}: did you mean {near}:{wanted}? If not, {ADD}")
                }
                None => format!("the target has no schema {urn} with an attribute {wanted}: {ADD}"),
            };
        }
        let of_schema = self.iter().filter_map(|it| match split_urn(&it.attribute) {
            (Some(known), name) if known.eq_ignore_ascii_case(urn) && !name.contains('.') => Some(name),
            _ => None,
        });
        match nearest(wanted, of_schema) {
            Some(near) => {
                format!("the schema {urn} has no attribute {wanted}: did you mean {near}? If not, {ADD}")
            }
            None => format!("the schema {urn} has no attribute {wanted}: {ADD}"),
        }
    }

    /// The path that somebody had in mind who wrote a name alone: an attribute nearly of that name, one of an extension, or
    /// a part of a complex attribute.
    fn meant(&self, wanted: &str) -> Option<String> {
        let top = self.iter().filter_map(|it| match split_urn(&it.attribute) {
            (None, name) if !name.contains(['.', '[']) => Some(name),
            _ => None,
        });
        if let Some(near) = nearest(wanted, top) {
            return Some(near.to_owned());
        }
        let inner = |listed: &Listed| {
            let (_, name) = split_urn(&listed.attribute);
            split_part(name).map_or(name.to_owned(), |(_, part)| part.to_owned())
        };
        let others: Vec<(String, &Listed)> = self
            .iter()
            .filter(|it| it.attribute.mutability != Mutability::ReadOnly)
            .map(|it| (inner(it), it))
            .collect();
        let near = nearest(wanted, others.iter().map(|(name, _)| name.as_str()))?;
        let (_, listed) = others.iter().find(|(name, _)| name == near)?;
        let name = &listed.attribute.name;
        let Some((parent, part)) = split_part(name) else { return Some(name.clone()) };
        let several = self.attribute(parent).is_some_and(|parent| parent.attribute.multi_valued);
        Some(if several { format!("{parent}[type eq \"work\"].{part}") } else { name.clone() })
    }

    /// Whether what a mapping yields can stand where it is written.
    fn takes(&self, path: &Path, to: &TargetAttribute, source: &MappingSource) -> Result<(), String> {
        let plain = match source {
            MappingSource::Direct(name) => {
                let name = name.trim().trim_matches(['[', ']']);
                !(name.eq_ignore_ascii_case("members") && to.name.eq_ignore_ascii_case("members"))
            }
            MappingSource::Constant(value) => !value.is_object() && !value.is_array(),
            // Only objects could tell what an expression yields.
            MappingSource::Expression(_) | MappingSource::None => false,
        };
        let parts: Vec<&str> = self.parts(to).into_iter().map(|(part, _)| part).collect();
        let has_value = parts.iter().any(|part| part.eq_ignore_ascii_case("value"));
        let stands_for_value =
            path.filter.is_some() && has_value || to.name.eq_ignore_ascii_case(ENTERPRISE_MANAGER);
        if !plain || to.kind != AttributeType::Complex || parts.is_empty() || stands_for_value {
            return Ok(());
        }
        let name = &to.name;
        let part = if has_value { "value" } else { parts[0] };
        let example = if to.multi_valued {
            format!("{name}[type eq \"work\"].{part}")
        } else {
            format!("{name}.{part}")
        };
        Err(format!(
            "{name} is complex and takes no plain value: name one of its parts ({}), as in {example}",
            parts.join(", ")
        ))
    }
}

/// The one complex attribute for which a plain value can stand: the manager's id.
const ENTERPRISE_MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

/// The sub-attributes that a path's filter compares: equalities joined by `and`, which alone can be written to.
fn clauses(filter: &Filter) -> Result<Vec<&str>, String> {
    let parts = if let Filter::And(parts) = filter { parts.as_slice() } else { std::slice::from_ref(filter) };
    let names = parts.iter().map(|part| match part {
        Filter::Compare(path, Op::Eq, _) if path.uri.is_none() && path.sub.is_none() => Ok(path.name.as_str()),
        _ => Err(format!(
            "the filter [{filter}] cannot be written to: use equalities joined by and, as in [type eq \"work\"]"
        )),
    });
    names.collect()
}

/// Refuses what only the target writes.
fn writable(listed: &Listed) -> Result<(), String> {
    let attribute = &listed.attribute;
    if attribute.mutability != Mutability::ReadOnly {
        return Ok(());
    }
    let reason = match attribute.name.split('.').next().unwrap_or_default() {
        "id" => "the target gives every object its id",
        "meta" => "the target writes it about each object",
        "schemas" => "it follows from the attributes that are mapped",
        "groups" => "a user's groups follow from the groups' members; map members of groups",
        _ if listed.origin == AttributeOrigin::Discovered => {
            "the target says that only it writes it; if it takes it all the same, add it to the job's target attributes as \
             readWrite"
        }
        _ => "only the target writes it",
    };
    Err(format!("{} is read-only: {reason}", attribute.name))
}

/// The text of a constant.
fn constant(source: &MappingSource) -> Option<&str> {
    match source {
        MappingSource::Constant(value) => value.as_str(),
        _ => None,
    }
}

/// Whether a constant or default is of a type whose values have a form of their own. Booleans and numbers are looked at
/// where they are converted.
fn fits(attribute: &TargetAttribute, text: &str) -> Result<(), String> {
    if attribute.kind != AttributeType::DateTime || text.is_empty() {
        return Ok(());
    }
    match text.trim().parse::<jiff::Timestamp>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "\"{text}\" is no date and time such as 2027-01-31T08:00:00Z, which the target attribute takes"
        )),
    }
}

fn split_urn(attribute: &TargetAttribute) -> (Option<&str>, &str) {
    let head = attribute.name.split('[').next().unwrap_or_default();
    match head.rfind(':') {
        Some(end) => (Some(&attribute.name[..end]), &attribute.name[end + 1..]),
        None => (None, &attribute.name),
    }
}

/// Whether two URNs differ by a typing error in one of their parts.
fn one_part_off(written: &str, known: &str) -> bool {
    let (written, known): (Vec<&str>, Vec<&str>) = (written.split(':').collect(), known.split(':').collect());
    let mut off = written.iter().zip(&known).filter(|(one, other)| !one.eq_ignore_ascii_case(other));
    let first = off.next();
    written.len() == known.len()
        && off.next().is_none()
        && first.is_some_and(|(one, other)| nearest(one, [*other]).is_some())
}
