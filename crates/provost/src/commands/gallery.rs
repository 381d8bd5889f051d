//! `provost gallery`: what applications there are templates for.

use serde_json::json;

use crate::answer::{Answer, Failure, table, text};
use crate::cli::Gallery;
use crate::client::{Client, escape};

/// Runs the command.
pub async fn run(client: &Client, command: Gallery) -> Result<Answer, Failure> {
    let Gallery::List { text: wanted } = command;
    let path = match &wanted {
        Some(wanted) => {
            let quoted = format!("\"{}\"", wanted.replace('\\', "\\\\").replace('"', "\\\""));
            format!("/v1.0/applicationTemplates?$search={}", escape(&quoted))
        }
        None => "/v1.0/applicationTemplates".to_owned(),
    };
    let templates = client.list(&path, usize::MAX).await?;
    let shown = table(
        ["ID", "NAME", "PUBLISHER", "DESCRIPTION"],
        templates.iter().map(|template| {
            ["id", "displayName", "publisher", "description"].map(|member| text(template, member))
        }),
    );
    Ok(Answer::done(json!({"value": templates}), shown))
}
