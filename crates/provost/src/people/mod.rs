//! An invented company: people and groups in the files that an administrator would export.
//!
//! The same size always gives the same files. `data/users.csv` and `data/groups.csv` are such files, kept in the
//! repository; larger ones are made when they are needed.

mod names;

use std::collections::HashMap;

use names::{CIRCLES, CULTURES, Culture, DEPARTMENTS, Order};

/// The domain of the company's addresses.
pub const DOMAIN: &str = "contoso.example";

/// The columns of Entra's "Download users", then the further ones that an import understands.
const USER_COLUMNS: &[&str] = &[
    "userPrincipalName",
    "displayName",
    "surname",
    "mail",
    "givenName",
    "objectId",
    "userType",
    "jobTitle",
    "department",
    "accountEnabled",
    "usageLocation",
    "streetAddress",
    "state",
    "country",
    "physicalDeliveryOfficeName",
    "city",
    "postalCode",
    "telephoneNumber",
    "mobile",
    "manager",
    "employeeId",
    "preferredLanguage",
    "mailNickname",
];

const GROUP_COLUMNS: &[&str] = &["displayName", "mailNickname", "description", "memberUserPrincipalName"];

/// The two files.
pub struct Files {
    /// One row a user.
    pub users: String,
    /// One row a membership.
    pub groups: String,
}

/// The company with so many users, and groups, of which the first are the departments.
pub fn files(users: usize, groups: usize) -> Files {
    let mut dice = Dice(0x5eed_0000 + users as u64);
    let mut taken = HashMap::new();
    let people: Vec<Person> =
        (0..users).map(|number| Person::invent(number, &mut dice, &mut taken)).collect();

    let mut rows: Vec<usize> = (0..users).collect();
    for last in (1..rows.len()).rev() {
        rows.swap(last, dice.below(last as u64 + 1));
    }
    let mut table = Table::new(USER_COLUMNS);
    for &number in &rows {
        let manager = (number > 0).then(|| people[(number - 1) / 7].upn.as_str());
        table.row(&people[number].row(manager.unwrap_or_default()));
    }

    let mut memberships = Table::new(GROUP_COLUMNS);
    for group in 0..groups {
        let (name, nickname, description) = group_names(group);
        for person in &people {
            let member = match group {
                _ if person.contractor => false,
                0..10 => person.department == group,
                10..20 => dice.below(CIRCLES[group - 10].1) == 0,
                _ => dice.below(users as u64 / 100 + 1) == 0,
            };
            if member {
                memberships.row(&[&name, &nickname, &description, &person.upn]);
            }
        }
    }
    Files { users: table.text, groups: memberships.text }
}

fn group_names(group: usize) -> (String, String, String) {
    match group {
        0..10 => {
            let name = DEPARTMENTS[group].0;
            (name.to_owned(), nickname(name), format!("Everyone in {name}"))
        }
        10..20 => {
            let name = CIRCLES[group - 10].0;
            (name.to_owned(), nickname(name), format!("Members of \"{name}\""))
        }
        _ => (format!("Project {group}"), format!("project-{group}"), format!("The team of project {group}")),
    }
}

fn nickname(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect()
}

struct Person {
    upn: String,
    display_name: String,
    given: &'static str,
    surname: &'static str,
    mail: String,
    nickname: String,
    id: String,
    culture: &'static Culture,
    department: usize,
    /// People of no department and no group: they have no assignment through a group.
    contractor: bool,
    title: String,
    enabled: bool,
    office_known: bool,
    phone: String,
    mobile: String,
    employee_id: String,
}

impl Person {
    fn invent(number: usize, dice: &mut Dice, taken: &mut HashMap<String, usize>) -> Self {
        let culture = dice.pick(CULTURES);
        let (given, given_latin) = *dice.pick(culture.given);
        let (surname, surname_latin) = *dice.pick(culture.surnames);
        let base = format!("{given_latin}.{surname_latin}");
        let count = taken.entry(base.to_lowercase()).or_default();
        *count += 1;
        let local = if *count == 1 { base } else { format!("{base}{count}") };
        let mailbox = local.replace('\'', "");
        let mail = match dice.below(25) {
            0 => String::new(),
            1 => format!("{mailbox}+{}@{DOMAIN}", culture.country.to_lowercase()),
            _ => format!("{mailbox}@{DOMAIN}"),
        };
        let display_name = match culture.order {
            Order::GivenFirst => format!("{given} {surname}"),
            Order::SurnameFirst => format!("{surname} {given}"),
            Order::SurnameJoined => format!("{surname}{given}"),
        };
        let contractor = number % 33 == 32;
        let department = dice.below(DEPARTMENTS.len() as u64);
        let (_, titles) = DEPARTMENTS[department];
        let title = match number {
            0 => "Chief Executive Officer".to_owned(),
            1..8 => format!("VP, {}", DEPARTMENTS[department].0),
            8..57 => format!("Head of {}", DEPARTMENTS[department].0),
            _ if contractor => "Contractor".to_owned(),
            _ => (*dice.pick(titles)).to_owned(),
        };
        Self {
            upn: format!("{local}@{DOMAIN}"),
            display_name,
            given,
            surname,
            mail,
            nickname: mailbox,
            id: dice.uuid(),
            culture,
            department,
            contractor,
            title,
            enabled: number < 57 || dice.below(40) != 0,
            office_known: dice.below(15) != 0,
            phone: format!("{} {:04}", culture.phone, dice.below(10_000)),
            mobile: if dice.below(3) == 0 {
                String::new()
            } else {
                format!("{} {:03} {:03}", culture.phone, dice.below(1000), dice.below(1000))
            },
            employee_id: format!("E{:06}", 100_000 + number),
        }
    }

    fn row<'a>(&'a self, manager: &'a str) -> [&'a str; 23] {
        let (culture, department) = (self.culture, DEPARTMENTS[self.department].0);
        let here = |value: &'static str| if self.office_known { value } else { "" };
        [
            &self.upn,
            &self.display_name,
            self.surname,
            &self.mail,
            self.given,
            &self.id,
            "Member",
            &self.title,
            if self.contractor { "" } else { department },
            if self.enabled { "True" } else { "False" },
            culture.country,
            here(culture.street),
            here(culture.state),
            here(culture.country),
            here(culture.office),
            here(culture.city),
            here(culture.postal_code),
            &self.phone,
            &self.mobile,
            manager,
            &self.employee_id,
            culture.language,
            &self.nickname,
        ]
    }
}

/// Comma-separated values as in RFC 4180, with the line ends of that RFC.
struct Table {
    text: String,
}

impl Table {
    fn new(columns: &[&str]) -> Self {
        Self { text: columns.join(",") + "\r\n" }
    }

    fn row(&mut self, cells: &[&str]) {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            if cell.contains([',', '"', '\n', '\r']) {
                self.text.push('"');
                self.text.push_str(&cell.replace('"', "\"\""));
                self.text.push('"');
            } else {
                self.text.push_str(cell);
            }
        }
        self.text.push_str("\r\n");
    }
}

/// Numbers that look random and repeat (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    fn pick<T>(&mut self, from: &'static [T]) -> &'static T {
        &from[self.below(from.len() as u64)]
    }

    fn uuid(&mut self) -> String {
        let bytes = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_repository_are_the_company_of_a_thousand() {
        let files = files(1000, 20);
        assert!(
            files.users == include_str!("../../data/users.csv"),
            "run `provost demo-files crates/provost/data`"
        );
        assert!(
            files.groups == include_str!("../../data/groups.csv"),
            "run `provost demo-files crates/provost/data`"
        );
    }

    #[test]
    fn principal_names_are_unique_and_every_manager_exists() {
        let files = files(3000, 30);
        let mut upns = std::collections::HashSet::new();
        let rows: Vec<&str> = files.users.lines().skip(1).collect();
        for row in &rows {
            assert!(upns.insert(row.split(',').next().unwrap_or_default().to_lowercase()), "twice: {row}");
        }
        assert_eq!(upns.len(), 3000);
    }
}
