//! `provost job filter`: scoping filters as people write them.

use model::ClauseOperator;
use serde_json::{Value, json};

use super::mapping::{edit, object, object_mapping, object_mappings, schema_path};
use super::{id_of, job_of};
use crate::answer::{Answer, Failure, table, text};
use crate::cli::JobFilter;
use crate::client::Client;

/// Runs the command.
pub async fn run(client: &Client, command: JobFilter) -> Result<Answer, Failure> {
    let (JobFilter::List { name, .. } | JobFilter::Add { name, .. } | JobFilter::Remove { name, .. }) =
        &command;
    let (principal, job) = job_of(client, name).await?;
    let path = schema_path(&id_of(&principal), &job);
    match command {
        JobFilter::List { group, .. } => {
            let mut schema = client.get(&path).await?;
            let mut all = Vec::new();
            for of in object_mappings(&mut schema) {
                for filter in filters(of) {
                    all.push(json!({
                        "object": of["sourceObjectName"],
                        "name": filter["name"],
                        "expression": expression(filter),
                        "clauses": filter["clauses"],
                    }));
                }
            }
            all.retain(|filter| !group || filter["object"] == "Group");
            let shown = shown(&all);
            Ok(Answer::done(json!({"value": all}), shown))
        }
        JobFilter::Add { expression: written, title, group, .. } => {
            let clauses = parse(&written)?;
            let title = title.filter(|title| !title.trim().is_empty());
            let title = title.unwrap_or_else(|| expression(&json!({"clauses": clauses})));
            let added = json!({"name": title, "clauses": clauses});
            edit(client, &path, |schema| {
                let mapping = object_mapping(schema, group)?;
                if filters(mapping).iter().any(|it| is_called(it, &title)) {
                    return Err(Failure::new(
                        "Exists",
                        format!("there is a filter {title} already"),
                        "give this one another --title, or remove the other with `provost job filter remove`",
                    ));
                }
                if !mapping["scope"].is_object() {
                    mapping["scope"] = json!({});
                }
                let groups = &mut mapping["scope"]["groups"];
                match groups.as_array_mut() {
                    Some(groups) => groups.push(added.clone()),
                    None => *groups = json!([added]),
                }
                Ok(())
            })
            .await?;
            let kind = object(group).to_lowercase();
            Ok(Answer::done(added, format!("every {kind} who passes \"{title}\" is in scope")))
        }
        JobFilter::Remove { filter, group, .. } => {
            let rest = edit(client, &path, |schema| {
                let mapping = object_mapping(schema, group)?;
                let groups = mapping["scope"]["groups"].as_array_mut();
                let groups = groups.ok_or_else(|| not_there(&filter))?;
                let before = groups.len();
                groups.retain(|it| !is_called(it, &filter));
                if groups.len() == before {
                    return Err(not_there(&filter));
                }
                let rest = groups.len();
                if rest == 0 {
                    mapping["scope"] = Value::Null;
                }
                Ok(rest)
            })
            .await?;
            let words = match rest {
                0 => format!("{filter} is removed; there is no filter left, so everyone passes"),
                1 => format!("{filter} is removed; 1 filter is left"),
                rest => format!("{filter} is removed; {rest} filters are left"),
            };
            Ok(Answer::done(json!({"removed": filter, "left": rest}), words))
        }
    }
}

fn filters(mapping: &Value) -> &[Value] {
    mapping["scope"]["groups"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether a filter has this name, or says this.
fn is_called(filter: &Value, name: &str) -> bool {
    let same = |text: &str| text.trim().eq_ignore_ascii_case(name.trim());
    filter["name"].as_str().is_some_and(same) || same(&expression(filter))
}

fn not_there(filter: &str) -> Failure {
    Failure::new(
        "NotFound",
        format!("there is no filter {filter}"),
        "`provost job filter list` shows them; --group is needed for one of groups",
    )
}

/// The operators, longer names before those they begin with.
const OPERATORS: [(&str, ClauseOperator); 14] = [
    ("NOT REGEX MATCH", ClauseOperator::NotRegexMatch),
    ("REGEX MATCH", ClauseOperator::RegexMatch),
    ("NOT EQUALS", ClauseOperator::NotEquals),
    ("EQUALS", ClauseOperator::Equals),
    ("IS NOT NULL", ClauseOperator::IsNotNull),
    ("IS NULL", ClauseOperator::IsNull),
    ("IS TRUE", ClauseOperator::IsTrue),
    ("IS FALSE", ClauseOperator::IsFalse),
    ("GREATER_THAN_OR_EQUALS", ClauseOperator::GreaterThanOrEquals),
    ("GREATER_THAN", ClauseOperator::GreaterThan),
    ("INCLUDES", ClauseOperator::Includes),
    ("ENDS_WITH", ClauseOperator::EndsWith),
    ("!&", ClauseOperator::BitsNotSet),
    ("&", ClauseOperator::BitsSet),
];

fn takes_value(operator: ClauseOperator) -> bool {
    use ClauseOperator as Op;
    !matches!(operator, Op::IsTrue | Op::IsFalse | Op::IsNull | Op::IsNotNull)
}

/// Reads `ATTRIBUTE OPERATOR ["VALUE"]`, several joined by AND, into clauses in Graph's form. Operators are read without
/// regard to case; in a value between quotes (double or single) the quote is written twice, and nothing else means
/// anything.
fn parse(written: &str) -> Result<Vec<Value>, Failure> {
    let wrong = |reason: String, rest: &str| {
        let at = written.len() - rest.len();
        let column = written[..at].chars().count();
        let words = format!("{reason}\n  {written}\n  {}^", " ".repeat(column));
        let names: Vec<&str> = OPERATORS.iter().map(|(name, _)| *name).collect();
        let hint = format!(
            "write ATTRIBUTE OPERATOR \"VALUE\", such as department EQUALS \"Sales\" AND city IS NOT NULL; the operators \
             are {}",
            names.join(", ")
        );
        Failure::new("Usage", words, hint).usage()
    };
    let mut clauses = Vec::new();
    let mut rest = written.trim_start();
    loop {
        let end = rest.find(|letter: char| letter.is_whitespace() || "&!\"".contains(letter));
        let (attribute, after) = rest.split_at(end.unwrap_or(rest.len()));
        let attribute = attribute.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(attribute);
        if attribute.is_empty() {
            return Err(wrong("an attribute is missing".to_owned(), rest));
        }
        let after = after.trim_start();
        let Some((operator, after)) = operator(after) else {
            return Err(wrong(format!("after {attribute} an operator is missing"), after));
        };
        let mut after = after.trim_start();
        let mut value = String::new();
        if takes_value(operator) {
            let read = self::value(after).ok_or_else(|| {
                wrong(format!("the value of {attribute} is missing, or its quotes do not end"), after)
            })?;
            (value, after) = (read.0, read.1.trim_start());
        }
        clauses.push(json!({
            "sourceOperandName": attribute,
            "operatorName": operator,
            "targetOperand": {"values": [value]},
        }));
        if after.is_empty() {
            return Ok(clauses);
        }
        rest = word(after, "AND")
            .ok_or_else(|| wrong("AND is missing between two clauses".to_owned(), after))?;
        rest = rest.trim_start();
    }
}

/// The text after a word, which ends where no letter of a word follows.
fn word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    let symbol = word.ends_with('&');
    let ends = symbol || !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    (head.eq_ignore_ascii_case(word) && ends).then_some(rest)
}

/// An operator at the beginning of a text, and what follows it. Its words may stand any way apart.
fn operator(text: &str) -> Option<(ClauseOperator, &str)> {
    OPERATORS.iter().find_map(|(name, operator)| {
        let mut rest = text;
        for part in name.split(' ') {
            rest = word(rest.trim_start(), part)?;
        }
        Some((*operator, rest))
    })
}

/// A value at the beginning of a text, in quotes or one word, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (!value.is_empty() && !value.contains('"')).then(|| (value.to_owned(), rest));
    };
    let mut rest = &text[1..];
    let mut value = String::new();
    loop {
        let (part, after) = rest.split_once(quote)?;
        value.push_str(part);
        match after.strip_prefix(quote) {
            Some(after) => {
                value.push(quote);
                rest = after;
            }
            None => return Some((value, after)),
        }
    }
}

/// The filter as [`parse`] reads it.
fn expression(filter: &Value) -> String {
    let clause = |it: &Value| {
        let (attribute, operator) = (text(it, "sourceOperandName"), text(it, "operatorName"));
        let known: Option<ClauseOperator> = serde_json::from_value(it["operatorName"].clone()).ok();
        if !known.is_none_or(takes_value) {
            return format!("{attribute} {operator}");
        }
        let value = it["targetOperand"]["values"][0].as_str().unwrap_or_default();
        format!("{attribute} {operator} \"{}\"", value.replace('"', "\"\""))
    };
    let clauses = filter["clauses"].as_array().map(Vec::as_slice).unwrap_or_default();
    clauses.iter().map(clause).collect::<Vec<_>>().join(" AND ")
}

fn shown(filters: &[Value]) -> String {
    if filters.is_empty() {
        return "there is no scoping filter: whoever is assigned, or everybody, is in scope".to_owned();
    }
    let rows = filters.iter().map(|it| ["object", "name", "expression"].map(|member| text(it, member)));
    let shown = table(["OBJECT", "NAME", "IN SCOPE IS WHO"], rows);
    format!("{}\nof several filters of one object it is enough to pass one", shown.trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(written: &str) -> Vec<(String, String, String)> {
        let clauses = parse(written).unwrap_or_else(|failure| panic!("{written}: {}", failure.message));
        let of = |it: &Value| {
            let value = it["targetOperand"]["values"][0].as_str().expect("a value").to_owned();
            (text(it, "sourceOperandName"), text(it, "operatorName"), value)
        };
        clauses.iter().map(of).collect()
    }

    #[test]
    fn expressions_are_read_as_people_write_them() {
        let clause = |attribute: &str, operator: &str, value: &str| {
            (attribute.to_owned(), operator.to_owned(), value.to_owned())
        };
        for (written, wanted) in [
            (r#"department EQUALS "Sales""#, vec![clause("department", "EQUALS", "Sales")]),
            ("department EQUALS 'Sa''les'", vec![clause("department", "EQUALS", "Sa'les")]),
            ("department equals Sales", vec![clause("department", "EQUALS", "Sales")]),
            (r#"[jobTitle] not  equals "a ""b"" c""#, vec![clause("jobTitle", "NOT EQUALS", r#"a "b" c"#)]),
            (
                r#"city REGEX MATCH "\d+\" AND mail IS NOT NULL"#,
                vec![clause("city", "REGEX MATCH", r"\d+\"), clause("mail", "IS NOT NULL", "")],
            ),
            (
                r#"a NOT REGEX MATCH ".* AND b IS NULL""#,
                vec![clause("a", "NOT REGEX MATCH", ".* AND b IS NULL")],
            ),
            (
                "accountEnabled IS TRUE and c IS FALSE",
                vec![clause("accountEnabled", "IS TRUE", ""), clause("c", "IS FALSE", "")],
            ),
            (
                "n Greater_Than_OR_EQUALS 5 AND n Greater_Than 4",
                vec![clause("n", "Greater_Than_OR_EQUALS", "5"), clause("n", "Greater_Than", "4")],
            ),
            ("flags & 6 AND flags !& 1", vec![clause("flags", "&", "6"), clause("flags", "!&", "1")]),
            (r#"flags &"6""#, vec![clause("flags", "&", "6")]),
            (
                r#"m ENDS_WITH "@x" AND n Includes "" AND o IS NULL"#,
                vec![clause("m", "ENDS_WITH", "@x"), clause("n", "Includes", ""), clause("o", "IS NULL", "")],
            ),
        ] {
            assert_eq!(read(written), wanted, "{written}");
        }
    }

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        for (written, words, column) in [
            ("", "an attribute is missing", 0),
            ("department", "an operator is missing", 10),
            ("department LIKE x", "an operator is missing", 11),
            ("department EQUALSX x", "an operator is missing", 11),
            ("department EQUALS", "the value of department", 17),
            (r#"department EQUALS "Sales"#, "quotes do not end", 18),
            ("city IS NULL OR mail IS NULL", "AND is missing", 13),
            ("städte IS NULL AND", "an attribute is missing", 18),
        ] {
            let failure = parse(written).expect_err(written);
            assert!(failure.message.contains(words), "{}", failure.message);
            let caret = failure.message.lines().last().expect("a caret");
            assert_eq!(caret.chars().count(), column + 3, "{}", failure.message);
        }
    }

    proptest! {
        /// What is listed is read as what it is, whatever the values are.
        #[test]
        fn what_is_listed_can_be_added(
            parts in prop::collection::vec(("[a-zA-Z][a-zA-Z0-9_.]{0,8}", 0..OPERATORS.len(), ".*"), 1..4)
        ) {
            let clause = |(attribute, operator, value): &(String, usize, String)| {
                let operator = OPERATORS[*operator].1;
                let value = if takes_value(operator) { value.as_str() } else { "" };
                json!({
                    "sourceOperandName": attribute, "operatorName": operator, "targetOperand": {"values": [value]},
                })
            };
            let clauses: Vec<Value> = parts.iter().map(clause).collect();
            let written = expression(&json!({"clauses": clauses}));
            prop_assert_eq!(parse(&written).map_err(|failure| failure.message), Ok(clauses));
        }

        #[test]
        fn nothing_written_breaks_it(written in ".*") {
            let _ = parse(&written);
        }
    }
}
