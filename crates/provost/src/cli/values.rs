//! Values of arguments, read so that a wrong one is wrong usage.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// An address and a port to listen on; a port alone is one of this machine's own address.
pub fn address(text: &str) -> Result<String, String> {
    if text.parse::<u16>().is_ok() {
        return Ok(format!("127.0.0.1:{text}"));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err("it is written like 127.0.0.1:8080, 0.0.0.0:8080 or localhost:0".to_owned()),
    }
}

/// A length of time as people write it (`1d`, `2h30m`) or in ISO 8601 (`PT40M`).
pub fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = |_| "a length of time is written like 30m, 1h, 7d or PT40M".to_owned();
    let span: jiff::Span = text.parse().map_err(wrong)?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(wrong)?;
    if length.is_negative() { Err("it cannot be negative".to_owned()) } else { Ok(length) }
}

/// A moment, or a time from now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// A moment.
    At(Timestamp),
    /// So long after now.
    After(SignedDuration),
}

/// A date (its first moment, in UTC), a date and time, or a length of time from now.
pub fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Moment::At(at));
    }
    if let Ok(date) = text.parse::<Date>()
        && let Ok(at) = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0))
    {
        return Ok(Moment::At(at));
    }
    duration(text)
        .map(Moment::After)
        .map_err(|_| "it is written like 2027-01-01, 2027-01-01T08:00:00Z or 90d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port() {
        assert_eq!(address("8080").as_deref(), Ok("127.0.0.1:8080"));
        for same in ["localhost:0", "[::1]:8080", "0.0.0.0:80"] {
            assert_eq!(address(same).as_deref(), Ok(same));
        }
        assert!(address("nonsense").is_err() && address(":8080").is_err() && address("host:99999").is_err());
    }

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        assert_eq!(duration("1d").map(|it| it.as_hours()), Ok(24));
        assert_eq!(duration("PT40M").map(|it| it.as_mins()), Ok(40));
        let new_year = "2027-01-01T00:00:00Z".parse().map(Moment::At);
        assert_eq!(moment("2027-01-01").ok(), new_year.clone().ok());
        assert_eq!(moment("2027-01-01T01:00:00+01:00").ok(), new_year.ok());
        assert_eq!(moment("90d"), Ok(Moment::After(SignedDuration::from_hours(90 * 24))));
        assert!(moment("soon").is_err() && moment("2027-13-01").is_err());
        assert!(duration("soon").is_err() && duration("-1h").is_err());
    }
}
