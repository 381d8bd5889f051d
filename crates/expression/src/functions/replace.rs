//! `Replace` and its five forms.

use super::Kind::{Any, Pattern as PatternKind, Text};
use super::{Function, Given, Signature, optional, required};
use crate::evaluate::{Arguments, Halt};
use crate::pattern::{Pattern, Substitution};
use crate::suggest;
use crate::value::Value;
use std::ops::ControlFlow;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    signature: Signature {
        name: "Replace",
        parameters: &[
            required("source", Text),
            optional("oldValue", Text),
            optional("regexPattern", PatternKind),
            optional("regexGroupName", Text),
            optional("replacementValue", Text),
            optional("replacementAttributeName", Any),
            optional("template", Text),
        ],
        repeating: 0,
        summary: "The source with a text or the matches of a regular expression replaced. Arguments that are not needed \
                  are left empty.",
        example: r#"Replace([mail], "@contoso.com", , , "", , )"#,
    },
    call: replace,
}];

/// Which parameters a call gives says what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Each `oldValue` in the source becomes `replacementValue`.
    Text,
    /// Each `oldValue` in `template` becomes the source.
    Template,
    /// Each match becomes `replacementValue`, with substitutions.
    Pattern,
    /// In each match, the group becomes `replacementValue`.
    Group,
    /// The source or, if it is empty, what the group finds in the other attribute.
    Attribute,
}

const OLD: usize = 1;
const PATTERN: usize = 2;
const GROUP: usize = 3;
const NEW: usize = 4;
const ATTRIBUTE: usize = 5;
const TEMPLATE: usize = 6;

/// The form of a call, by which parameters (from `oldValue` on) it gives.
fn form(given: [bool; 6]) -> Option<Form> {
    match given {
        [true, false, false, true, false, false] => Some(Form::Text),
        [true, false, false, false, false, true] => Some(Form::Template),
        [false, true, false, true, false, false] => Some(Form::Pattern),
        [false, true, true, true, false, false] => Some(Form::Group),
        [false, true, true, false, true, false] => Some(Form::Attribute),
        _ => None,
    }
}

/// Which of the parameters from `oldValue` on count: constant empty text stands for "not given" everywhere but in
/// `replacementValue`.
fn counted(counts: impl Fn(usize) -> bool) -> [bool; 6] {
    [OLD, PATTERN, GROUP, NEW, ATTRIBUTE, TEMPLATE].map(counts)
}

/// Refuses a call that has none of the forms, or names a group that its pattern does not have.
pub(crate) fn check(given: &[Given]) -> Result<(), (usize, String)> {
    let empty = Given::Nothing;
    let argument = |index: usize| given.get(index).unwrap_or(&empty);
    let form = form(counted(|index| match argument(index) {
        Given::Nothing => false,
        Given::Computed => true,
        Given::Constant(value) => index == NEW || !value.is_null_or_empty(),
    }));
    if form.is_none() {
        let forms = "Replace takes oldValue and replacementValue, or oldValue and template, or regexPattern and \
                     replacementValue, or regexPattern, regexGroupName and one of replacementValue and \
                     replacementAttributeName; leave the other arguments empty";
        return Err((0, forms.to_owned()));
    }
    if let (Some(Form::Group | Form::Attribute), Given::Constant(pattern), Given::Constant(name)) =
        (form, argument(PATTERN), argument(GROUP))
    {
        let (pattern, name) = (pattern.text().unwrap_or_default(), name.text().unwrap_or_default());
        if let Ok(pattern) = Pattern::compile(&pattern) {
            group(&pattern, &name).map_err(|error| (GROUP, error))?;
        }
    }
    Ok(())
}

fn group(pattern: &Pattern, name: &str) -> Result<usize, String> {
    pattern.group(name).ok_or_else(|| {
        let near = suggest::nearest(name, pattern.names());
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        format!("the pattern has no group {name}{near}")
    })
}

fn replace(args: &Arguments<'_>) -> Result<Value, Halt> {
    let form =
        form(counted(|index| args.is_given(index) && (index == NEW || !args.is_empty_constant(index))));
    let text = |index: usize| args.text(index).map(Option::unwrap_or_default);
    let Some(source) = args.text(0)? else {
        return if form == Some(Form::Attribute) { from_attribute(args) } else { Ok(Value::Null) };
    };
    match form {
        None => Err(args.error("the arguments given do not belong together")),
        Some(Form::Text) => {
            let old = text(OLD)?;
            if old.is_empty() || !source.contains(&*old) {
                return Ok(Value::String(source));
            }
            limited(args, replaced(&source, &old, &text(NEW)?))
        }
        Some(Form::Template) => {
            let (old, template) = (text(OLD)?, text(TEMPLATE)?);
            if old.is_empty() {
                return Ok(Value::String(template));
            }
            limited(args, replaced(&template, &old, &source))
        }
        Some(Form::Pattern) => {
            let pattern = args.pattern(PATTERN)?;
            let new = text(NEW)?;
            let substitution = Substitution::new(&new, &pattern);
            rewrite(args, &pattern, &source, 0, |out, captures| substitution.write(out, &source, captures))
        }
        Some(Form::Group) => {
            let pattern = args.pattern(PATTERN)?;
            let group = group(&pattern, &text(GROUP)?).map_err(|error| args.error(error))?;
            let new = text(NEW)?;
            rewrite(args, &pattern, &source, group, |out, _| out.push_str(&new))
        }
        Some(Form::Attribute) if !source.is_empty() => Ok(Value::String(source)),
        Some(Form::Attribute) => from_attribute(args),
    }
}

/// All occurrences replaced; `None` if the text grows too long.
fn replaced(text: &str, old: &str, new: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        out.push_str(&rest[..at]);
        out.push_str(new);
        rest = &rest[at + old.len()..];
        if out.len() > super::MAX_TEXT {
            return None;
        }
    }
    out.push_str(rest);
    Some(out)
}

fn limited(args: &Arguments<'_>, text: Option<String>) -> Result<Value, Halt> {
    let text = text.filter(|text| text.len() <= super::MAX_TEXT);
    text.map(Value::from).ok_or_else(|| args.error(super::too_long()))
}

/// The source with a group of each match (0 is all of it) replaced by what `write` adds.
fn rewrite(
    args: &Arguments<'_>,
    pattern: &Pattern,
    source: &str,
    group: usize,
    mut write: impl FnMut(&mut String, &fancy_regex::Captures<'_, str>),
) -> Result<Value, Halt> {
    let mut out = String::with_capacity(source.len());
    let mut done = 0;
    pattern
        .each_match(source, |captures| {
            // A group in a look-around can be where something has been replaced already.
            if let Some(found) = captures.get(group).filter(|found| found.start() >= done) {
                out.push_str(&source[done..found.start()]);
                write(&mut out, captures);
                done = found.end();
            }
            if out.len() > super::MAX_TEXT { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .map_err(|error| args.error(error))?;
    out.push_str(&source[done..]);
    limited(args, Some(out))
}

fn from_attribute(args: &Arguments<'_>) -> Result<Value, Halt> {
    let pattern = args.pattern(PATTERN)?;
    let name = args.text(GROUP)?.unwrap_or_default();
    let group = group(&pattern, &name).map_err(|error| args.error(error))?;
    let Some(other) = args.text(ATTRIBUTE)? else {
        return Ok(Value::Null);
    };
    let mut value = Value::Null;
    pattern
        .each_match(&other, |captures| {
            value = captures.get(group).map(|found| Value::from(found.as_str())).into();
            ControlFlow::Break(())
        })
        .map_err(|error| args.error(error))?;
    Ok(value)
}
