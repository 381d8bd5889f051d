//! Date-times as .NET writes and reads them, in the invariant culture's names and the patterns of en-US. All are
//! UTC.

mod format;
mod parse;
mod styles;

pub(crate) use format::{Format, Zone};
pub(crate) use styles::Styles;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::sync::LazyLock;

/// How a date-time reads where text is wanted.
static GENERAL: LazyLock<Format> = LazyLock::new(|| Format::new("G").expect("a standard format"));

/// The point in time as `M/d/yyyy h:mm:ss tt`.
pub(crate) fn general(time: Timestamp) -> String {
    GENERAL.write(civil(time), Zone::Utc)
}

/// The date and time of a point in time, in UTC.
pub(crate) fn civil(time: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(time)
}

/// The point in time of a date and time in UTC, if it is between the years 1 and 9999.
pub(crate) fn timestamp(time: DateTime) -> Option<Timestamp> {
    if (1..=9999).contains(&time.year()) { Offset::UTC.to_timestamp(time).ok() } else { None }
}

/// What [`parse`] tries, in order. `K` stands for an offset, `Z`, or nothing, which is UTC.
static KNOWN: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let dates = ["yyyy-M-d", "M/d/yyyy", "yyyy/M/d"];
    let times =
        ["", "'T'H:mm:ss.FFFFFFFFF", " H:mm:ss.FFFFFFFFF", " h:mm:ss tt", "'T'H:mm", " H:mm", " h:mm tt"];
    let pairs = dates.iter().flat_map(|date| times.iter().map(move |time| format!("{date}{time}K")));
    let others = [
        "ddd, d MMM yyyy H:mm:ssK",
        "ddd, d MMM yyyy H:mm:ss 'GMT'",
        "d MMM yyyyK",
        "d MMMM yyyyK",
        "MMM d, yyyyK",
        "MMMM d, yyyyK",
        "MMMM d, yyyy h:mm ttK",
        "MMMM d, yyyy h:mm:ss ttK",
        "dddd, MMMM d, yyyyK",
        "dddd, MMMM d, yyyy h:mm:ss ttK",
        "yyyyMMdd'T'HHmmssK",
        "yyyyMMddHHmmss.FK",
        "yyyyMMddK",
    ];
    pairs
        .chain(others.map(str::to_owned))
        .map(|format| Format::new(&format).expect("a format of ours"))
        .collect()
});

/// Reads a date-time in any of the usual forms; without an offset it is UTC.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    // Everything that can be read is shorter.
    if text.len() <= 80
        && let Some(time) = KNOWN.iter().find_map(|format| format.read(text, Styles::DEFAULT).ok())
    {
        return timestamp(time.0).ok_or_else(|| OUT_OF_RANGE.to_owned());
    }
    Err("write it like 2020-03-16T07:00:00Z, 2020-03-16-07:00 or 3/16/2020 7:00:00 AM, or read it by \
         FormatDateTime first"
        .to_owned())
}

/// Why a date-time cannot be computed.
pub(crate) const OUT_OF_RANGE: &str = "the date is not between the years 1 and 9999";

#[cfg(test)]
mod tests;
