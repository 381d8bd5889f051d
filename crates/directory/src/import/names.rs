//! The order of rows in which principal names change hands.

use std::collections::HashMap;

use model::DirectoryObject;
use scim::fold::fold_key;
use uuid::Uuid;

use super::users::Row;

/// The rows in an order in which a name is given up before another row takes it, as when somebody is renamed and a
/// new user gets the name. Rows that wait for each other in a circle come last, and find their names taken.
pub(super) fn in_order<'a>(rows: &'a [Row], known: &HashMap<Uuid, DirectoryObject>) -> Vec<&'a Row> {
    let mut given_up: HashMap<String, Uuid> = rows.iter().filter_map(|row| gives_up(row, known)).collect();
    let mut waiting: Vec<&Row> = rows.iter().collect();
    let mut ordered = Vec::with_capacity(rows.len());
    while !given_up.is_empty() {
        let before = waiting.len();
        waiting.retain(|row| {
            let holder = row.name.as_deref().and_then(|name| given_up.get(&fold_key(name)));
            if holder.is_some_and(|holder| row.id != Some(*holder)) {
                return true;
            }
            if let Some((name, _)) = gives_up(row, known) {
                given_up.remove(&name);
            }
            ordered.push(*row);
            false
        });
        if waiting.len() == before {
            break;
        }
    }
    ordered.extend(waiting);
    ordered
}

/// The name that a row takes from a user, and the user.
fn gives_up(row: &Row, known: &HashMap<Uuid, DirectoryObject>) -> Option<(String, Uuid)> {
    let user = known.get(&row.id?)?;
    let old = fold_key(user.text("userPrincipalName")?);
    (fold_key(row.name.as_deref()?) != old).then_some((old, user.id))
}
