//! `/provost/v1/provisioningLog`: entries of the provisioning log as a file.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use directory::LogPart;
use futures::{Stream, StreamExt as _, stream};
use model::{ModifiedProperty, ProvisioningEntry};
use serde_json::Value;
use store::Cursor;

use super::Routes;
use super::logs::Wanted;
use crate::call::Call;
use crate::error::{Answer, ApiError};
use crate::odata::Part;
use crate::render;

/// Entries read at once.
const PAGE: usize = 500;

pub(super) fn routes() -> Routes {
    Routes::new().route("/provisioningLog", get(download))
}

/// Every entry that `$filter` takes, newest first, read as fast as it is fetched. An error that comes meanwhile cuts the
/// answer off, so that half a log does not pass for a whole one.
async fn download(call: Call) -> Answer {
    call.query.only(&[Part::Filter])?;
    let wanted = Wanted::of(&call)?;
    let format = match call.query.option("format").unwrap_or("csv") {
        format if format.eq_ignore_ascii_case("json") => &JSON,
        format if format.eq_ignore_ascii_case("csv") => &CSV,
        other => {
            let shown: String = other.chars().take(40).collect();
            return Err(ApiError::bad(format!("format is json or csv, not '{shown}'.")));
        }
    };
    // Whatever can be refused is, before the answer begins.
    let first = page(&call, &wanted, None).await?;
    let headers = [
        (header::CONTENT_TYPE, format.media_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"provisioning-log.{}\"", format.name)),
    ];
    Ok((headers, Body::from_stream(pieces(call, wanted, format, first))).into_response())
}

/// A form of the file: how an entry is written, and what stands around them.
struct Format {
    name: &'static str,
    media_type: &'static str,
    before: &'static str,
    between: &'static str,
    after: &'static str,
    entry: fn(&ProvisioningEntry) -> String,
}

const JSON: Format = Format {
    name: "json",
    media_type: "application/json",
    before: "[",
    between: ",\n",
    after: "]\n",
    entry: |entry| render::entry(entry).to_string(),
};

const CSV: Format = Format {
    name: "csv",
    media_type: "text/csv; charset=utf-8",
    before: "Date,Action,Status,Source,Source ID,Source type,Target,Target ID,Application,Error code,Reason,\
             Recommended action,Modified properties,Duration (ms),Initiated by,Cycle ID,Change ID,Job ID,ID\r\n",
    between: "",
    after: "",
    entry: row,
};

type Found = (Vec<ProvisioningEntry>, Option<Cursor>);

async fn page(call: &Call, wanted: &Wanted, after: Option<Cursor>) -> Result<Found, ApiError> {
    let part = LogPart { after, limit: PAGE, oldest_first: false };
    let found = call.directory.provisioning_log(&wanted.filter, part, |entry| wanted.takes(entry)).await?;
    Ok((found.entries, found.next))
}

/// The file in pieces, one for each page of the log.
fn pieces(
    call: Call,
    wanted: Wanted,
    format: &'static Format,
    first: Found,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let begin = stream::once(async move { Ok(Bytes::from_static(format.before.as_bytes())) });
    let end = stream::once(async move { Ok(Bytes::from_static(format.after.as_bytes())) });
    let pages =
        stream::try_unfold((call, wanted, Some(first), true), async move |(call, wanted, found, opening)| {
            let Some((entries, next)) = found else { return Ok(None) };
            let mut written = String::new();
            for (at, entry) in entries.iter().enumerate() {
                if at > 0 || !opening {
                    written.push_str(format.between);
                }
                written.push_str(&(format.entry)(entry));
            }
            let opening = opening && entries.is_empty();
            let found = match next {
                None => None,
                Some(next) => {
                    let page = page(&call, &wanted, Some(next)).await;
                    Some(page.map_err(|error| std::io::Error::other(error.message))?)
                }
            };
            Ok(Some((Bytes::from(written), (call, wanted, found, opening))))
        });
    begin.chain(pages).chain(end)
}

fn row(entry: &ProvisioningEntry) -> String {
    let error = entry.error_information.as_ref();
    let cells = [
        entry.activity_date_time.to_string(),
        word(&entry.provisioning_action),
        word(&entry.provisioning_status),
        entry.source_identity.display_name.clone(),
        entry.source_identity.id.clone(),
        entry.source_identity.identity_type.clone(),
        entry.target_identity.display_name.clone(),
        entry.target_identity.id.clone(),
        entry.service_principal.display_name.clone(),
        error.map(|it| it.error_code.clone()).unwrap_or_default(),
        error.map(|it| it.reason.clone()).unwrap_or_default(),
        error.map(|it| it.recommended_action.clone()).unwrap_or_default(),
        entry.modified_properties.iter().map(change).collect::<Vec<_>>().join("; "),
        entry.duration_in_milliseconds.to_string(),
        entry.initiated_by.display_name.clone(),
        entry.cycle_id.to_string(),
        entry.change_id.to_string(),
        entry.job_id.to_string(),
        entry.id.to_string(),
    ];
    cells.map(|cell| quoted(&cell)).join(",") + "\r\n"
}

/// The word that a value is written as.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn change(property: &ModifiedProperty) -> String {
    let text = |value: &Option<Value>| match value {
        None => "(none)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    format!("{}: {} -> {}", property.display_name, text(&property.old_value), text(&property.new_value))
}

/// A cell of RFC 4180. What a spreadsheet would take for a formula becomes a text: names come from strangers.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = cell.replace('"', "\"\"");
    format!("\"{}{cell}\"", if formula { "'" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_cell_and_no_formula() {
        assert_eq!(quoted("a \"b\",\nc"), "\"a \"\"b\"\",\nc\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(CSV.before.matches(',').count(), 18);
    }
}
