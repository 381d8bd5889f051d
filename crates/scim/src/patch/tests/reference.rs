//! PATCH against a slow reference, written from the text of RFC 7644 section 3.5.2: every operation with every form of
//! path and shape of value, on a single value, a complex one, a list of complex ones, and an extension.

use super::*;

/// An email; a part that is `None` is absent.
#[derive(Debug, Clone, Default, PartialEq)]
struct Email {
    value: Option<String>,
    kind: Option<String>,
    primary: Option<bool>,
}

impl Email {
    fn json(&self) -> Value {
        let mut parts = Map::new();
        parts.extend(self.value.as_ref().map(|value| ("value".to_owned(), json!(value))));
        parts.extend(self.kind.as_ref().map(|kind| ("type".to_owned(), json!(kind))));
        parts.extend(self.primary.map(|primary| ("primary".to_owned(), json!(primary))));
        Value::Object(parts)
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn is_primary(&self) -> bool {
        self.primary == Some(true)
    }

    /// The same value: whether `primary` is absent or false does not matter.
    fn same(&self, other: &Self) -> bool {
        (&self.value, &self.kind, self.is_primary()) == (&other.value, &other.kind, other.is_primary())
    }

    /// The parts of another that are there, and one's own where they are not.
    fn updated(&self, by: &Self) -> Self {
        Self {
            value: by.value.clone().or(self.value.clone()),
            kind: by.kind.clone().or(self.kind.clone()),
            primary: by.primary.or(self.primary),
        }
    }

    fn set(&mut self, part: &Part, set: bool) {
        match part {
            Part::Value(value) => self.value = set.then(|| value.clone()),
            Part::Kind(kind) => self.kind = set.then(|| kind.clone()),
            Part::Primary(primary) => self.primary = set.then_some(*primary),
        }
    }
}

#[derive(Debug, Clone)]
enum Part {
    Value(String),
    Kind(String),
    Primary(bool),
}

impl Part {
    fn path(&self) -> (&'static str, Value) {
        match self {
            Self::Value(value) => ("value", json!(value)),
            Self::Kind(kind) => ("type", json!(kind)),
            Self::Primary(primary) => ("primary", json!(primary)),
        }
    }
}

/// A filter over emails.
#[derive(Debug, Clone)]
enum Only {
    Kind(String),
    Both(String, String),
    NotKind(String),
    Primary(bool),
}

impl Only {
    fn text(&self) -> String {
        match self {
            Self::Kind(kind) => format!("type eq \"{kind}\""),
            Self::Both(kind, value) => format!("type eq \"{kind}\" and value eq \"{value}\""),
            Self::NotKind(kind) => format!("not (type eq \"{kind}\")"),
            Self::Primary(primary) => format!("primary eq {primary}"),
        }
    }

    fn holds(&self, email: &Email) -> bool {
        let is = |part: &Option<String>, word: &str| {
            part.as_ref().is_some_and(|part| part.to_lowercase() == word.to_lowercase())
        };
        match self {
            Self::Kind(kind) => is(&email.kind, kind),
            Self::Both(kind, value) => is(&email.kind, kind) && is(&email.value, value),
            Self::NotKind(kind) => !is(&email.kind, kind),
            Self::Primary(primary) => email.is_primary() == *primary,
        }
    }

    /// What the filter says of the values that it matches, where it says what they are.
    fn said(&self) -> Option<Email> {
        match self {
            Self::Kind(kind) => Some(Email { kind: Some(kind.clone()), ..Email::default() }),
            Self::Both(kind, value) => {
                Some(Email { kind: Some(kind.clone()), value: Some(value.clone()), primary: None })
            }
            Self::NotKind(_) => None,
            Self::Primary(primary) => Some(Email { primary: Some(*primary), ..Email::default() }),
        }
    }
}

/// Two parts of an object: absent, null or a value.
type Pair = [Option<Option<String>>; 2];

fn pair_json(names: [&str; 2], pair: &Pair) -> Value {
    let parts = names.into_iter().zip(pair);
    parts.filter_map(|(name, part)| Some((name.to_owned(), json!(part.as_ref()?)))).collect()
}

/// What an operation is about; `None` is null.
#[derive(Debug, Clone)]
enum Step {
    Title(Option<String>),
    Name(Pair),
    NamePart(usize, Option<String>),
    Extension(Pair),
    ExtensionPart(usize, Option<String>),
    /// With `one`, a single email stands for the list.
    Emails {
        emails: Vec<Email>,
        one: bool,
    },
    /// A remove of all.
    AllEmails,
    Matching(Only, Email),
    EveryPart(Part, bool),
    MatchingPart(Only, Part, bool),
}

const NAMES: [&str; 2] = ["givenName", "familyName"];
const FIELDS: [&str; 2] = ["department", "division"];

impl Step {
    fn path(&self) -> String {
        match self {
            Self::Title(_) => "title".to_owned(),
            Self::Name(_) => "name".to_owned(),
            Self::NamePart(at, _) => format!("name.{}", NAMES[*at]),
            Self::Extension(_) => urn::ENTERPRISE_USER.to_owned(),
            Self::ExtensionPart(at, _) => format!("{}:{}", urn::ENTERPRISE_USER, FIELDS[*at]),
            Self::Emails { .. } | Self::AllEmails => "emails".to_owned(),
            Self::Matching(only, _) => format!("emails[{}]", only.text()),
            Self::EveryPart(part, _) => format!("emails.{}", part.path().0),
            Self::MatchingPart(only, part, _) => format!("emails[{}].{}", only.text(), part.path().0),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Title(text) | Self::NamePart(_, text) | Self::ExtensionPart(_, text) => json!(text),
            Self::Name(pair) => pair_json(NAMES, pair),
            Self::Extension(pair) => pair_json(FIELDS, pair),
            Self::Emails { emails, one } => match emails.as_slice() {
                [single] if *one => single.json(),
                emails => emails.iter().map(Email::json).collect(),
            },
            Self::AllEmails => Value::Null,
            Self::Matching(_, email) => email.json(),
            Self::EveryPart(part, set) | Self::MatchingPart(_, part, set) => {
                if *set {
                    part.path().1
                } else {
                    Value::Null
                }
            }
        }
    }

    fn operation(&self, op: Op) -> Value {
        let mut operation = json!({"op": op.as_str(), "path": self.path()});
        // A value beside the path of a remove names what is to be removed.
        if op != Op::Remove || matches!(self, Self::Emails { .. }) {
            operation["value"] = self.value();
        }
        operation
    }
}

/// The user as the reference has it.
#[derive(Debug, Clone, Default)]
struct Slow {
    title: Option<String>,
    name: [Option<String>; 2],
    fields: [Option<String>; 2],
    emails: Vec<Email>,
}

fn set_pair(kept: &mut [Option<String>; 2], given: &Pair) {
    for (kept, given) in kept.iter_mut().zip(given) {
        if let Some(given) = given {
            kept.clone_from(given);
        }
    }
}

impl Slow {
    /// Applies one operation; none if nothing is its target.
    fn apply(&mut self, op: Op, step: &Step) -> Option<()> {
        let removes = op == Op::Remove;
        let text = |text: &Option<String>| text.clone().filter(|_| !removes);
        match step {
            Step::Title(title) => self.title = text(title),
            Step::Name(_) if removes => self.name = [None, None],
            Step::Name(pair) => set_pair(&mut self.name, pair),
            Step::NamePart(at, part) => self.name[*at] = text(part),
            Step::Extension(_) if removes => self.fields = [None, None],
            Step::Extension(pair) => set_pair(&mut self.fields, pair),
            Step::ExtensionPart(at, part) => self.fields[*at] = text(part),
            _ => {
                let was: Vec<bool> = self.emails.iter().map(Email::is_primary).collect();
                let touched = self.edit(op, step)?;
                self.settle(&was, &touched);
                self.emails.retain(|email| !email.is_empty());
            }
        }
        Some(())
    }

    /// Edits the emails; answers which were written.
    fn edit(&mut self, op: Op, step: &Step) -> Option<Vec<usize>> {
        let all: Vec<usize> = (0..self.emails.len()).collect();
        let matching =
            |only: &Only| all.iter().copied().filter(|&at| only.holds(&self.emails[at])).collect::<Vec<_>>();
        match step {
            Step::Emails { emails, .. } => {
                let mut given: Vec<Email> =
                    emails.iter().filter(|email| !email.is_empty()).cloned().collect();
                let second = given.iter_mut().filter(|email| email.is_primary()).skip(1);
                second.for_each(|email| email.primary = Some(false));
                Some(self.list(op, given))
            }
            Step::AllEmails => {
                self.emails.clear();
                Some(Vec::new())
            }
            Step::Matching(only, email) => {
                let found = matching(only);
                if op == Op::Remove {
                    self.emails.retain(|email| !only.holds(email));
                    return Some(Vec::new());
                }
                if found.is_empty() {
                    let created = only.said().filter(|_| op == Op::Add)?.updated(email);
                    self.emails.push(Some(created).filter(|created| only.holds(created))?);
                    return Some(vec![all.len()]);
                }
                for &at in &found {
                    let before =
                        if op == Op::Add { self.emails[at].clone() } else { only.said().unwrap_or_default() };
                    self.emails[at] = before.updated(email);
                }
                Some(found)
            }
            Step::EveryPart(part, set) => {
                let set = *set && op != Op::Remove;
                if set && all.is_empty() {
                    self.emails.push(Email::default());
                }
                self.emails.iter_mut().for_each(|email| email.set(part, set));
                Some((0..self.emails.len()).collect())
            }
            Step::MatchingPart(only, part, set) => {
                let found = matching(only);
                let set = *set && op != Op::Remove;
                if found.is_empty() && op != Op::Remove {
                    let mut created = only.said()?;
                    if set {
                        created.set(part, true);
                        self.emails.push(Some(created).filter(|created| only.holds(created))?);
                        return Some(vec![all.len()]);
                    }
                }
                for &at in &found {
                    self.emails[at].set(part, set);
                }
                Some(found)
            }
            other => panic!("{other:?} is not about emails"),
        }
    }

    fn list(&mut self, op: Op, given: Vec<Email>) -> Vec<usize> {
        match op {
            Op::Replace => self.emails = given,
            Op::Add => {
                let place = |email: Email| {
                    let there = self.emails.iter().position(|other| other.same(&email));
                    there.unwrap_or_else(|| {
                        self.emails.push(email);
                        self.emails.len() - 1
                    })
                };
                return given.into_iter().map(place).collect();
            }
            Op::Remove => {
                self.emails.retain(|email| !given.iter().any(|given| email.updated(given) == *email));
                return Vec::new();
            }
        }
        (0..self.emails.len()).collect()
    }

    /// What was made primary is the only one.
    fn settle(&mut self, was: &[bool], touched: &[usize]) {
        let primary: Vec<usize> =
            touched.iter().copied().filter(|&at| self.emails[at].is_primary()).collect();
        let newly = primary.iter().filter(|&&at| was.get(at) != Some(&true)).min();
        let Some(&chosen) = newly.or_else(|| primary.iter().min()) else { return };
        for (at, email) in self.emails.iter_mut().enumerate() {
            if at != chosen && email.is_primary() {
                email.primary = Some(false);
            }
        }
    }

    fn json(&self) -> Value {
        let object = |names: [&str; 2], parts: &[Option<String>; 2]| -> Option<Value> {
            let parts: Map<String, Value> = names
                .into_iter()
                .zip(parts)
                .filter_map(|(name, part)| Some((name.to_owned(), json!(part.as_ref()?))))
                .collect();
            (!parts.is_empty()).then_some(Value::Object(parts))
        };
        let extension = object(FIELDS, &self.fields);
        let mut schemas = vec![urn::USER];
        schemas.extend(extension.as_ref().map(|_| urn::ENTERPRISE_USER));
        let mut user = object_of(json!({"schemas": schemas, "userName": "a"}));
        user.extend(self.title.as_ref().map(|title| ("title".to_owned(), json!(title))));
        user.extend(object(NAMES, &self.name).map(|name| ("name".to_owned(), name)));
        user.extend(extension.map(|extension| (urn::ENTERPRISE_USER.to_owned(), extension)));
        if !self.emails.is_empty() {
            user.insert("emails".to_owned(), self.emails.iter().map(Email::json).collect());
        }
        Value::Object(user)
    }
}

use super::object as object_of;

fn word() -> impl Strategy<Value = String> {
    "[ab]"
}

fn kind() -> impl Strategy<Value = String> {
    "work|home|WORK"
}

fn email() -> impl Strategy<Value = Email> {
    use proptest::option::of;
    (of(word()), of(kind()), of(any::<bool>())).prop_map(|(value, kind, primary)| Email {
        value,
        kind,
        primary,
    })
}

fn only() -> impl Strategy<Value = Only> {
    prop_oneof![
        kind().prop_map(Only::Kind),
        (kind(), word()).prop_map(|(kind, value)| Only::Both(kind, value)),
        kind().prop_map(Only::NotKind),
        any::<bool>().prop_map(Only::Primary),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        word().prop_map(Part::Value),
        kind().prop_map(Part::Kind),
        any::<bool>().prop_map(Part::Primary)
    ]
}

fn pair() -> impl Strategy<Value = Pair> {
    let part = || proptest::option::of(proptest::option::of(word()));
    [part(), part()]
}

fn step() -> impl Strategy<Value = Step> {
    let text = || proptest::option::of(word());
    prop_oneof![
        1 => text().prop_map(Step::Title),
        1 => pair().prop_map(Step::Name),
        1 => (0..2usize, text()).prop_map(|(at, text)| Step::NamePart(at, text)),
        1 => pair().prop_map(Step::Extension),
        1 => (0..2usize, text()).prop_map(|(at, text)| Step::ExtensionPart(at, text)),
        3 => (proptest::collection::vec(email(), 0..3), any::<bool>())
            .prop_map(|(emails, one)| Step::Emails { emails, one }),
        2 => (only(), email().prop_filter("a value", |email| !email.is_empty()))
            .prop_map(|(only, email)| Step::Matching(only, email)),
        1 => (part(), any::<bool>()).prop_map(|(part, set)| Step::EveryPart(part, set)),
        3 => (only(), part(), any::<bool>()).prop_map(|(only, part, set)| Step::MatchingPart(only, part, set)),
    ]
}

/// One operation: a step at its path, or several as the keys of a value without one.
fn operation() -> impl Strategy<Value = (Op, Vec<Step>, bool)> {
    let op = proptest::sample::select(vec![Op::Add, Op::Replace, Op::Remove]);
    prop_oneof![
        4 => (op, step()).prop_map(|(op, step)| (op, vec![step], true)),
        1 => Just((Op::Remove, vec![Step::AllEmails], true)),
        1 => (any::<bool>(), proptest::collection::vec(step(), 1..4)).prop_map(|(add, steps)| {
            let mut keys: Vec<String> = Vec::new();
            let steps = steps.into_iter().filter(|step| {
                let new = !keys.contains(&step.path());
                keys.push(step.path());
                new
            });
            (if add { Op::Add } else { Op::Replace }, steps.collect(), false)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_operation_and_path_agrees_with_the_slow_reference(
        operations in proptest::collection::vec(operation(), 1..8)
    ) {
        let mut slow = Slow::default();
        let mut expected = Some(());
        let mut sent = Vec::new();
        for (op, steps, by_path) in &operations {
            for step in steps {
                expected = expected.and_then(|()| slow.apply(*op, step));
            }
            sent.push(match steps.as_slice() {
                [step] if *by_path => step.operation(*op),
                steps => {
                    let value: Map<String, Value> = steps.iter().map(|step| (step.path(), step.value())).collect();
                    json!({"op": op.as_str(), "value": value})
                }
            });
        }
        let sent = Value::from(sent);
        let done = run(json!({}), sent.clone(), false);
        match (done, expected) {
            (Ok(done), Some(())) => prop_assert_eq!(done.resource, slow.json(), "{}", sent),
            (Err(error), None) => prop_assert_eq!(error.scim_type, Some(ScimType::NoTarget), "{}", sent),
            (Ok(done), None) => prop_assert!(false, "no target, but {} gave {}", sent, done.resource),
            (Err(error), Some(())) => prop_assert!(false, "{} was refused: {}", sent, error),
        }
    }
}
