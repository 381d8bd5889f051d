use super::{Format, Styles, civil, general, parse};
use jiff::Timestamp;

fn reformat(text: &str, from: &str, to: &str) -> Result<String, String> {
    reformat_with(text, from, to, Styles::DEFAULT)
}

fn reformat_with(text: &str, from: &str, to: &str, styles: Styles) -> Result<String, String> {
    let (time, zone) = Format::new(from)?.read(text, styles)?;
    Ok(Format::new(to)?.write(time, zone))
}

/// 2009-06-15T13:45:30.6175425, the instant of .NET's documentation of formats.
const SAMPLE: &str = "2009-06-15T13:45:30.617542500Z";

#[test]
fn writes_custom_formats() {
    let time: Timestamp = SAMPLE.parse().unwrap();
    for (format, expected) in [
        ("d M y", "15 6 9"),
        ("dd MM yy", "15 06 09"),
        ("ddd MMM yyy", "Mon Jun 2009"),
        ("dddd MMMM yyyyy", "Monday June 02009"),
        ("h:m:s t", "1:45:30 P"),
        ("hh:mm:ss tt", "01:45:30 PM"),
        ("HH 'o''clock'", "13 oclock"),
        (r"h \h m \m", "1 h 45 m"),
        ("%d", "15"),
        ("%M", "6"),
        ("ss.f ss.fff ss.fffffff", "30.6 30.617 30.6175425"),
        ("ss.F ss.FFF ss.FFFFFFF", "30.6 30.617 30.6175425"),
        ("z zz zzz", "+0 +00 +00:00"),
        ("yyyy-MM-ddTHH:mm:ssK", "2009-06-15T13:45:30Z"),
        ("yyyyMMddHHmmss.fZ", "20090615134530.6Z"),
        ("gg yyyy", "A.D. 2009"),
        ("dddd \"the\" d/M", "Monday the 15/6"),
    ] {
        let format = Format::new(format).unwrap_or_else(|error| panic!("{format}: {error}"));
        assert_eq!(format.write(civil(time), super::Zone::Utc), expected, "{format:?}");
    }
    let whole: Timestamp = "2009-06-15T00:00:00Z".parse().unwrap();
    let write = |format: &str| Format::new(format).unwrap().write(civil(whole), super::Zone::Utc);
    assert_eq!(write("ss.FFF'x'"), "00x");
    assert_eq!(write("h tt"), "12 AM");
}

#[test]
fn writes_standard_formats() {
    let time: Timestamp = SAMPLE.parse().unwrap();
    for (format, expected) in [
        ("d", "6/15/2009"),
        ("D", "Monday, June 15, 2009"),
        ("f", "Monday, June 15, 2009 1:45 PM"),
        ("F", "Monday, June 15, 2009 1:45:30 PM"),
        ("g", "6/15/2009 1:45 PM"),
        ("G", "6/15/2009 1:45:30 PM"),
        ("m", "June 15"),
        ("o", "2009-06-15T13:45:30.6175425Z"),
        ("R", "Mon, 15 Jun 2009 13:45:30 GMT"),
        ("s", "2009-06-15T13:45:30"),
        ("t", "1:45 PM"),
        ("T", "1:45:30 PM"),
        ("u", "2009-06-15 13:45:30Z"),
        ("U", "Monday, June 15, 2009 1:45:30 PM"),
        ("Y", "June 2009"),
    ] {
        assert_eq!(Format::new(format).unwrap().write(civil(time), super::Zone::Utc), expected, "{format}");
    }
    assert_eq!(general(time), "6/15/2009 1:45:30 PM");
}

#[test]
fn reads_by_format() {
    for (text, from, to, expected) in [
        ("20150123105347.1Z", "yyyyMMddHHmmss.fZ", "yyyy-MM-dd", "2015-01-23"),
        ("2020-12-31-08:00", "yyyy-MM-ddzzz", "yyyy-MM-dd HH:mm", "2020-12-31 08:00"),
        ("2020-12-31+08:00", "yyyy-MM-ddzzz", "yyyy-MM-dd HH:mmK", "2020-12-30 16:00+00:00"),
        ("1/2/2020 03:04:05 PM", "M/d/yyyy hh:mm:ss tt", "s", "2020-01-02T15:04:05"),
        ("12:30 AM", "hh:mm tt", "HH:mm", "00:30"),
        ("12:30 pm", "h:mm tt", "HH:mm", "12:30"),
        ("15 janvier", "dd 'janvier'", "%d", "15"),
        ("Mon, 15 Jun 2009 13:45:30 GMT", "r", "yyyyMMdd", "20090615"),
        ("01/02/49", "dd/MM/yy", "yyyy", "2049"),
        ("01/02/50", "dd/MM/yy", "yyyy", "1950"),
        ("2009-06-15T13:45:30", "yyyy-MM-ddTHH:mm:ss.FFFK", "o", "2009-06-15T13:45:30.0000000"),
        ("2009-06-15T13:45:30.5Z", "yyyy-MM-ddTHH:mm:ss.FFFK", "o", "2009-06-15T13:45:30.5000000Z"),
        ("  2009-06-15 ", "yyyy-MM-dd", "d", "6/15/2009"),
        ("29-Feb", "dd-MMM", "MM/dd", "02/29"),
        ("15 June 2009", "d MMMM yyyy", "MM", "06"),
    ] {
        assert_eq!(reformat(text, from, to).as_deref(), Ok(expected), "{text} by {from}");
    }
}

#[test]
fn says_why_a_text_is_not_of_the_format() {
    for (text, from, message) in [
        ("2009-6-15", "yyyy-MM-dd", "a month is expected at character 6"),
        ("2009-13-01", "yyyy-MM-dd", "there is no such date or time"),
        ("2009-02-29", "yyyy-MM-dd", "there is no such date or time"),
        ("15.06.2009", "dd/MM/yyyy", "'/' is expected at character 3"),
        ("2009-06-15T00:00", "yyyy-MM-dd", "nothing of the format reads what stands at character 11"),
        ("Sun 2009-06-15", "ddd yyyy-MM-dd", "the day of the week is not that of the date"),
        ("13:00 PM", "hh:mm tt", "the hour is not between 1 and 12"),
        ("", "yyyy", "a year of 4 digits is expected at character 1"),
        ("0001-01-01+01:00", "yyyy-MM-ddzzz", super::OUT_OF_RANGE),
    ] {
        assert_eq!(reformat(text, from, "s").as_ref().map_err(String::as_str), Err(message), "{text}");
    }
    for (format, message) in [
        ("", "the format is empty"),
        ("x", "'x' alone is no format; write %x for a custom format of one letter"),
        ("yyyy 'x", "the quotation mark ' is never closed"),
        ("ffffffff", "'f' is repeated 8 times, 7 is the most"),
        ("dd%", "% stands before a letter of a format"),
        ("dd\\", "the format ends with a backslash"),
    ] {
        assert_eq!(Format::new(format).unwrap_err(), message, "{format}");
    }
}

#[test]
fn styles_are_those_of_net() {
    let styles = |text: &str| Styles::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let inner = styles("AllowInnerWhite");
    assert_eq!(reformat_with("15 / 06/2009", "dd/MM/yyyy", "s", inner).as_deref(), Ok("2009-06-15T00:00:00"));
    assert!(reformat_with(" 15/06/2009", "dd/MM/yyyy", "s", styles("None")).is_err());
    let adjusted = styles("DateTimeStyles.AssumeUniversal, DateTimeStyles.AdjustToUniversal");
    let zoned = |styles| reformat_with("15/06/2009", "dd/MM/yyyy", "yyyyK", styles).unwrap();
    assert_eq!(zoned(adjusted), "2009Z");
    assert_eq!(zoned(styles("AssumeLocal")), "2009+00:00");
    assert_eq!(zoned(Styles::DEFAULT), "2009");
    assert_eq!(
        Styles::parse("AlowInnerWhite").unwrap_err(),
        "there is no style AlowInnerWhite; did you mean AllowInnerWhite?"
    );
    assert!(Styles::parse("AssumeLocal,AssumeUniversal").is_err());
    assert!(Styles::parse("RoundtripKind, AdjustToUniversal").is_err());
}

#[test]
fn reads_what_is_usual() {
    for (text, expected) in [
        ("2020-03-16-07:00", "2020-03-16T07:00:00Z"),
        ("2021-06-30+08:00", "2021-06-29T16:00:00Z"),
        ("2009-06-15T01:45:30-07:00", "2009-06-15T08:45:30Z"),
        ("2009-06-15T01:45:30.123456789Z", "2009-06-15T01:45:30.123456789Z"),
        ("2020-12-31 23:59:59-08:00", "2021-01-01T07:59:59Z"),
        ("2020-12-31 23:59:59 -08:00", "2021-01-01T07:59:59Z"),
        ("2020-12-31", "2020-12-31T00:00:00Z"),
        ("8/25/2021 5:41:18 PM", "2021-08-25T17:41:18Z"),
        ("3/16/2020", "2020-03-16T00:00:00Z"),
        ("Mon, 15 Jun 2009 13:45:30 GMT", "2009-06-15T13:45:30Z"),
        ("June 15, 2009", "2009-06-15T00:00:00Z"),
        ("20150123105347.0Z", "2015-01-23T10:53:47Z"),
        ("20150123", "2015-01-23T00:00:00Z"),
    ] {
        assert_eq!(parse(text).map(|time| time.to_string()).as_deref(), Ok(expected), "{text}");
    }
    for text in
        ["", "tomorrow", "2020-02-30", "31/12/2020", "10:30", "2020-01-01T25:00:00Z", &"9".repeat(1000)]
    {
        assert!(parse(text).is_err(), "{text}");
    }
}
