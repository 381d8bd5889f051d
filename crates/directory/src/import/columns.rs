//! What the columns of a file mean.

use std::collections::HashSet;
use std::io::Read;

use model::ObjectType;
use uuid::Uuid;

use super::records::Record;
use super::{Reader, broken};
use crate::{AttributeKind, Error, Result, known_attribute};

/// What the cells of one column mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The object's id.
    Id,
    /// The manager's principal name.
    Manager,
    /// A member's principal name.
    Member,
    /// Yes for a user who may not sign in.
    Blocked,
    /// An attribute, by Graph's name.
    Attribute(String, AttributeKind),
    /// Nothing.
    Nothing,
}

/// The header of a file.
pub(super) struct Header {
    /// Name, as the file has it, and meaning of each column.
    pub columns: Vec<(String, Meaning)>,
    /// Whether it is the template for bulk creation, whose first row is an example.
    pub template: bool,
}

impl Header {
    /// Reads the header of a file of users or groups.
    pub fn read<R: Read>(records: &mut Reader<R>, object_type: ObjectType) -> Result<Self> {
        let mut template = false;
        while let Some(line) = records.peek_line().map_err(broken)? {
            let line = line.trim_matches(['"', ',', ';', '\t', ' ']);
            if let Some(version) = line.strip_prefix("version:") {
                if version != "v1.0" {
                    return Err(Error::File(format!(
                        "its first line says {}; only version:v1.0 of the bulk template is known",
                        line.chars().take(40).collect::<String>()
                    )));
                }
                template = true;
            } else if !(line.len() <= 5 && line.starts_with("sep=")) {
                break;
            }
            records.skip_line().map_err(broken)?;
        }
        records.detect_separator().map_err(broken)?;
        let cells = match records.next(None).map_err(broken)? {
            Some(Record::Cells { cells, .. }) => cells,
            Some(Record::Broken { reason, .. }) => return Err(Error::File(format!("its header: {reason}"))),
            None => return Err(Error::File("it is empty: its first line must name the columns".to_owned())),
        };
        let header = Self { columns: cells.iter().map(|name| column(object_type, name)).collect(), template };
        header.check(object_type)?;
        Ok(header)
    }

    fn check(&self, object_type: ObjectType) -> Result<()> {
        let mut seen = HashSet::new();
        for (name, meaning) in &self.columns {
            let key = match meaning {
                Meaning::Nothing => continue,
                Meaning::Attribute(name, _) => name.as_str(),
                Meaning::Blocked => "accountEnabled",
                Meaning::Id => "objectId",
                Meaning::Manager => "manager",
                Meaning::Member => "member",
            };
            if !seen.insert(key) {
                return Err(Error::File(format!("two of its columns are {key}; the second is '{name}'")));
            }
        }
        if object_type == ObjectType::Group && !seen.contains("member") {
            let of_users =
                |(name, _): &(String, Meaning)| inner(name).eq_ignore_ascii_case("userPrincipalName");
            if self.columns.iter().any(of_users) {
                return Err(Error::File(
                    "it is a file of users, as it has the column userPrincipalName: import it as users; in a file of \
                     groups memberUserPrincipalName names the members"
                        .to_owned(),
                ));
            }
        }
        let needed = match object_type {
            ObjectType::User => "userPrincipalName",
            ObjectType::Group => "displayName",
        };
        if seen.contains(needed) || (object_type == ObjectType::User && seen.contains("objectId")) {
            return Ok(());
        }
        let there: Vec<String> =
            self.columns.iter().take(30).map(|(name, _)| name.chars().take(60).collect()).collect();
        Err(Error::File(format!(
            "it has no column {needed}; its first line must name the columns, and names: {}",
            there.join(", ")
        )))
    }

    /// The names of the columns that mean nothing here.
    pub fn ignored(&self) -> Vec<String> {
        let unknown = self.columns.iter().filter(|(name, meaning)| {
            *meaning == Meaning::Nothing && !name.is_empty() && !EXPECTED.contains(&inner(name))
        });
        unknown.map(|(name, _)| name.clone()).collect()
    }

    /// The file's name for the column of an attribute, to report by.
    pub fn column_of(&self, attribute: &str) -> String {
        let is = |meaning: &Meaning| match meaning {
            Meaning::Attribute(name, _) => name == attribute,
            Meaning::Blocked => attribute == "accountEnabled",
            _ => false,
        };
        let found = self.columns.iter().find(|(_, meaning)| is(meaning));
        found.map_or_else(|| attribute.to_owned(), |(name, _)| name.clone())
    }
}

/// Columns of the known formats that are left out on purpose.
const EXPECTED: &[&str] =
    &["passwordProfile", "createdDateTime", "identityIssuer", "deletedDateTime", "password"];

/// `Name [displayName] Required` names displayName.
fn inner(name: &str) -> &str {
    name.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or(name, |(inner, _)| inner).trim()
}

fn column(object_type: ObjectType, name: &str) -> (String, Meaning) {
    let name = name.trim();
    let plain = inner(name);
    let folded = plain.to_ascii_lowercase();
    let attribute =
        |name: &str| known_attribute(object_type, name).map(|(name, kind)| Meaning::Attribute(name, kind));
    let meaning = match (object_type, folded.as_str()) {
        (_, "objectid" | "id") => Some(Meaning::Id),
        (ObjectType::User, "manager" | "manageruserprincipalname") => Some(Meaning::Manager),
        (ObjectType::Group, "memberuserprincipalname" | "member" | "memberobjectidorupn") => {
            Some(Meaning::Member)
        }
        (ObjectType::User, "accountenabled") if name.to_ascii_lowercase().contains("block") => {
            Some(Meaning::Blocked)
        }
        (ObjectType::User, "directorysynced") => attribute("onPremisesSyncEnabled"),
        (ObjectType::User, "invitationstate") => attribute("externalUserState"),
        (ObjectType::User, "alternateemailaddress") => attribute("otherMails"),
        _ => attribute(plain),
    };
    (name.to_owned(), meaning.unwrap_or(Meaning::Nothing))
}

/// The id in a cell; `None` where it is empty.
pub(super) fn id(cell: &str) -> Result<Option<Uuid>, String> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    let wrong = || format!("'{}' is no object id (a GUID)", cell.chars().take(60).collect::<String>());
    let id = Uuid::try_parse(cell).map_err(|_| wrong())?;
    if id.is_nil() { Err(wrong()) } else { Ok(Some(id)) }
}
