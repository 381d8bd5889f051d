//! What an object should look like in the target.

use std::collections::BTreeMap;
use std::sync::Arc;

use expression::{Effect, Environment, Expression, Outcome, RoleAssignment, Table, Value};
use jiff::Timestamp;
use model::{Kept, Link};
use scim::schema::Type;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Attribute, CompiledMapping, MappingFailure, MatchingValue, Source};
use crate::fingerprint::hash;
use crate::{Reference, SourceView};

/// What is said of a value that may not be shown.
const WRONG_TYPE: &str = "[Redact] is not of the type that the target attribute takes";

/// Whether somebody else's account has a value: what must be known before a unique one is chosen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// The target attribute path.
    pub path: String,
    /// The candidate.
    pub value: String,
}

/// The answers of the target, as far as it has been asked.
pub type Answers = BTreeMap<Question, bool>;

static NO_ANSWERS: Answers = Answers::new();

/// What mappings may ask for beside the object.
#[derive(Clone, Copy, Debug)]
pub struct Outside<'a> {
    /// The instant that `Now` yields.
    pub now: Timestamp,
    /// What chance is made of in this run; each attribute of each object has its own by it.
    pub seed: [u8; 32],
    /// The application's roles that the object has, in a lasting order.
    pub roles: &'a [Arc<RoleAssignment>],
    /// What the target said about unique values.
    pub answers: &'a Answers,
}

/// At the Unix epoch, without chance, roles and answers.
impl Default for Outside<'_> {
    fn default() -> Self {
        Self { now: Timestamp::UNIX_EPOCH, seed: [0; 32], roles: &[], answers: &NO_ANSWERS }
    }
}

/// One object as its mapping sees it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The object's id.
    pub id: Uuid,
    /// Its attributes.
    pub object: SourceView<'a>,
    /// Its manager.
    pub manager: &'a Reference,
    /// What is remembered of it, with the values that are kept.
    pub link: Option<&'a Link>,
    /// Everything else.
    pub outside: &'a Outside<'a>,
}

/// The values an object should have in the target, aligned with the mapping they were computed by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desired {
    pub(super) wanted: Vec<Wanted>,
    /// The values to be kept with the link.
    pub kept: BTreeMap<String, Kept>,
    /// What has to be asked before the values are complete: evaluate again with the answers. Until then the
    /// attributes in question are left alone.
    pub questions: Vec<Question>,
}

/// What a mapping wants of its target attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    Value(Json),
    /// These values by their own paths, and none of those that this job gave before; others stay.
    Each(Vec<(String, Json)>),
    /// No value: clear it, where the mapping does so.
    Nothing,
    /// Leave it as it is.
    Ignored,
}

impl Wanted {
    pub(super) fn value(&self) -> Option<&Json> {
        match self {
            Self::Value(value) => Some(value),
            Self::Each(_) | Self::Nothing | Self::Ignored => None,
        }
    }
}

impl From<Option<Json>> for Wanted {
    fn from(value: Option<Json>) -> Self {
        value.map_or(Self::Nothing, Self::Value)
    }
}

impl CompiledMapping {
    /// Computes the values an object should have.
    pub fn evaluate(&self, subject: &Subject<'_>) -> Result<Desired, MappingFailure> {
        self.evaluate_those(subject, |_| true, BTreeMap::new())
    }

    /// Only the values computed from `IsSoftDeleted`, of an object that may be gone.
    pub fn evaluate_disabled(&self, subject: &Subject<'_>) -> Result<Desired, MappingFailure> {
        let kept = subject.link.map(|link| link.kept.clone()).unwrap_or_default();
        self.evaluate_those(subject, Attribute::reads_soft_deleted, kept)
    }

    fn evaluate_those(
        &self,
        subject: &Subject<'_>,
        those: impl Fn(&Attribute) -> bool,
        kept: BTreeMap<String, Kept>,
    ) -> Result<Desired, MappingFailure> {
        let wanted = Vec::with_capacity(self.attributes.len());
        let mut desired = Desired { wanted, kept, questions: Vec::new() };
        for attribute in &self.attributes {
            let wanted = if those(attribute) {
                let failure = |message| MappingFailure { path: attribute.path.clone(), message };
                let evaluation = Evaluation { attribute, subject, tables: &self.tables };
                evaluation.run(&mut desired).map_err(failure)?
            } else {
                Wanted::Nothing
            };
            desired.wanted.push(wanted);
        }
        Ok(desired)
    }

    /// The values to match by, first to try first; attributes without a value are left out.
    pub fn matching(&self, desired: &Desired) -> Vec<MatchingValue> {
        self.matching_values(|index| desired.wanted[index].value())
    }

    /// The paths at which an account may have what is desired: those of the mapping, and those of single values.
    pub fn paths_of<'a>(&'a self, desired: &'a Desired) -> impl Iterator<Item = &'a str> {
        let single = desired.wanted.iter().flat_map(|wanted| match wanted {
            Wanted::Each(values) => values.as_slice(),
            Wanted::Value(_) | Wanted::Nothing | Wanted::Ignored => &[],
        });
        self.paths().chain(single.map(|(path, _)| path.as_str()))
    }
}

/// One mapping being evaluated for one object.
struct Evaluation<'a> {
    attribute: &'a Attribute,
    subject: &'a Subject<'a>,
    tables: &'a BTreeMap<String, Table>,
}

impl Evaluation<'_> {
    fn run(&self, desired: &mut Desired) -> Result<Wanted, String> {
        use expression::Attributes as _;
        let attribute = self.attribute;
        let value = match &attribute.source {
            Source::Attribute(name) => self.subject.object.get(name),
            Source::Expression(expression) => return self.compute(expression, desired),
            Source::Constant(value) => return Ok((!value.is_null()).then(|| value.clone()).into()),
            Source::Manager => return Ok(self.subject.manager.target().map(Json::from).into()),
            Source::Members | Source::None => return Ok(Wanted::Nothing),
        };
        convert(&value, attribute.kind).map(Wanted::from)
    }

    fn compute(&self, expression: &Expression, desired: &mut Desired) -> Result<Wanted, String> {
        let path = &self.attribute.path;
        let inputs = keeps(expression).then(|| self.inputs(expression));
        if let Some(inputs) = inputs
            && let Some(kept) = self.kept(expression, inputs)
        {
            desired.kept.insert(path.clone(), kept.clone());
            return Ok(Some(kept.value.clone()).filter(|value| !value.is_null()).into());
        }
        let value =
            match expression.evaluate(&self.subject.object, self).map_err(|error| error.to_string())? {
                Outcome::Value(value) => value,
                Outcome::Ignore => return Ok(Wanted::Ignored),
                Outcome::Ask(candidate) => {
                    desired.questions.push(Question { path: path.clone(), value: candidate.to_string() });
                    return Ok(Wanted::Ignored);
                }
            };
        if expression.has(Effect::KeepsRoles)
            && let Some(roles) = each_role(path, &value)
        {
            return Ok(Wanted::Each(roles));
        }
        let value = convert(&value, self.attribute.kind).map_err(|message| {
            if expression.has(Effect::Redacts) { WRONG_TYPE.to_owned() } else { message }
        })?;
        if let Some(inputs) = inputs {
            desired.kept.insert(path.clone(), Kept { inputs, value: value.clone().unwrap_or_default() });
        }
        Ok(value.into())
    }

    /// The value as it was computed last, if it was from the same. One that was chosen to be unique counts as long as
    /// the account has it: until then somebody else may take it.
    fn kept(&self, expression: &Expression, inputs: u64) -> Option<&Kept> {
        let link = self.subject.link?;
        let path = &self.attribute.path;
        let kept = link.kept.get(path).filter(|kept| kept.inputs == inputs)?;
        let holds = !expression.has(Effect::Target) || link.shadow.get(path) == Some(&kept.value);
        holds.then_some(kept)
    }

    /// A hash of everything that the value depends on beside time, chance and the target.
    fn inputs(&self, expression: &Expression) -> u64 {
        use expression::Attributes as _;
        let attributes: Vec<Json> =
            expression.attributes().map(|name| self.subject.object.get(name).to_json()).collect();
        let roles = self.subject.outside.roles.iter().filter(|_| expression.has(Effect::Roles));
        let roles: Vec<Json> = roles.map(|role| role.to_json()).collect();
        let tables: Vec<Vec<(&String, Json)>> = expression
            .tables()
            .filter_map(|name| self.tables.get(name))
            .map(|table| table.iter().map(|(key, value)| (key, value.to_json())).collect())
            .collect();
        let kind = format!("{:?}", self.attribute.kind);
        let all = (expression.source(), kind, attributes, roles, tables);
        hash(&all)
    }
}

/// Whether values of an expression are kept, as each evaluation could yield another one.
pub(super) fn keeps(expression: &Expression) -> bool {
    [Effect::Clock, Effect::Random, Effect::Target].into_iter().any(|effect| expression.has(effect))
}

/// The surroundings of one mapping.
impl Environment for Evaluation<'_> {
    fn now(&self) -> Timestamp {
        self.subject.outside.now
    }

    /// The run's chance, made another one for each object and attribute.
    fn seed(&self) -> [u8; 32] {
        let mut seed = self.subject.outside.seed;
        let path = hash(&self.attribute.path.to_ascii_lowercase()).to_le_bytes();
        for (byte, own) in seed.iter_mut().zip(self.subject.id.as_bytes().iter().chain(&path)) {
            *byte ^= own;
        }
        seed
    }

    fn roles(&self) -> &[Arc<RoleAssignment>] {
        self.subject.outside.roles
    }

    fn is_taken(&self, candidate: &str) -> Option<bool> {
        let question = Question { path: self.attribute.path.clone(), value: candidate.to_owned() };
        self.subject.outside.answers.get(&question).copied()
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }
}

/// Roles by the path of each; `None` if the value is not a list of roles or the path goes into one already.
fn each_role(path: &str, value: &Value) -> Option<Vec<(String, Json)>> {
    let Value::List(roles) = value else { return None };
    if path.contains(['[', '.']) {
        return None;
    }
    let role = |value: &Value| match value {
        Value::Role(role) if !role.text().is_empty() => Some((element(path, role.text()), role.to_json())),
        _ => None,
    };
    roles.iter().map(role).collect()
}

/// The path of one value of a multi-valued attribute.
fn element(path: &str, value: &str) -> String {
    format!("{}{}]", elements(path), Json::from(value))
}

/// What the paths of single values of an attribute begin with.
pub(super) fn elements(path: &str) -> String {
    format!("{path}[value eq ")
}

/// A value of the source in the target attribute's type. Null, the empty string and the empty list have none.
pub(super) fn convert(value: &Value, kind: Type) -> Result<Option<Json>, String> {
    if value.is_null_or_empty() {
        return Ok(None);
    }
    if let (Value::List(values), Type::Boolean | Type::Integer | Type::Decimal) = (value, kind) {
        let converted = values.iter().map(|value| convert(value, kind)).collect::<Result<Vec<_>, _>>()?;
        return Ok(Some(converted.into_iter().flatten().collect()));
    }
    let text = value.text();
    let text = text.as_deref().unwrap_or_default();
    match kind {
        Type::Boolean => match text.trim() {
            text if text.eq_ignore_ascii_case("true") || text == "1" => Ok(Some(Json::Bool(true))),
            text if text.eq_ignore_ascii_case("false") || text == "0" => Ok(Some(Json::Bool(false))),
            _ => Err(format!("\"{text}\" is neither True nor False, which the target attribute takes")),
        },
        Type::Integer => match text.trim().parse::<i64>() {
            Ok(number) => Ok(Some(number.into())),
            Err(_) => Err(format!("\"{text}\" is not a whole number, which the target attribute takes")),
        },
        Type::Decimal => match text.trim().parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
            Some(number) => Ok(Some(Json::Number(number))),
            None => Err(format!("\"{text}\" is not a number, which the target attribute takes")),
        },
        Type::String | Type::Reference if !matches!(value, Value::List(_) | Value::DateTime(_)) => {
            Ok(Some(Json::from(text)))
        }
        _ => Ok(Some(value.to_json())),
    }
}
