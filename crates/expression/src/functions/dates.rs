//! Date-times. All are UTC; where text is wanted they read `M/d/yyyy h:mm:ss tt`.

use super::Kind::{Any, DateFormat, DateStyles, DateTime, Integer, Interval};
use super::{Function, Signature, empty, required};
use crate::datetime::{self, Format, OUT_OF_RANGE, Styles};
use crate::evaluate::{Arguments, Halt};
use crate::value::Value;
use jiff::{Span, Timestamp};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        signature: Signature {
            name: "CDate",
            parameters: &[required("expression", DateTime)],
            repeating: 0,
            summary: "The date-time that a text gives, brought to UTC; without an offset it is UTC already.",
            example: "CDate([employeeHireDate])",
        },
        call: |args| Ok(args.date_time(0)?.into()),
    },
    Function {
        signature: Signature {
            name: "DateAdd",
            parameters: &[
                required("interval", Interval),
                required("value", Integer),
                required("dateTime", DateTime),
            ],
            repeating: 0,
            summary: "The date-time moved by a number of years (yyyy), months (m), weeks (ww), days (d), hours (h), \
                      minutes (n) or seconds (s). A day that the month does not have becomes its last.",
            example: r#"DateAdd("d", 7, CDate([employeeHireDate]))"#,
        },
        call: date_add,
    },
    Function {
        signature: Signature {
            name: "DateDiff",
            parameters: &[
                required("interval", Interval),
                required("date1", DateTime),
                required("date2", DateTime),
            ],
            repeating: 0,
            summary: "How far the second date-time is behind the first: whole days, hours, minutes or seconds; years and \
                      months by the calendar; weeks by the Sundays between.",
            example: r#"IIF(DateDiff("d", Now(), CDate([employeeHireDate])) > 5, "False", "True")"#,
        },
        call: date_diff,
    },
    Function {
        signature: Signature {
            name: "DateFromNum",
            parameters: &[required("value", Integer)],
            repeating: 0,
            summary: "The date-time of a Windows file time, the unit of Active Directory. The largest number, which means \
                      never, gives null.",
            example: "DateFromNum([extensionAttribute3])",
        },
        call: date_from_num,
    },
    Function {
        signature: Signature {
            name: "NumFromDate",
            parameters: &[required("value", DateTime)],
            repeating: 0,
            summary: "The Windows file time of a date-time: tenths of a microsecond since 1601.",
            example: "NumFromDate(CDate([employeeLeaveDateTime]))",
        },
        call: num_from_date,
    },
    Function {
        signature: Signature {
            name: "FormatDateTime",
            parameters: &[
                required("source", Any),
                empty("dateTimeStyles", DateStyles),
                required("inputFormat", DateFormat),
                required("outputFormat", DateFormat),
            ],
            repeating: 0,
            summary: "A date-time written in one format of .NET, in another one. With an offset it is brought to UTC.",
            example: r#"FormatDateTime([extensionAttribute1], , "yyyyMMddHHmmss.fZ", "yyyy-MM-dd")"#,
        },
        call: format_date_time,
    },
    Function {
        signature: Signature {
            name: "Now",
            parameters: &[],
            repeating: 0,
            summary: "The current date and time.",
            example: r#"FormatDateTime(Now(), , "M/d/yyyy h:mm:ss tt", "yyyy-MM-dd")"#,
        },
        call: |args| Ok(Value::DateTime(args.environment().now())),
    },
];

#[derive(Clone, Copy)]
enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

/// The names of the intervals.
pub(crate) const INTERVALS: [&str; 7] = ["yyyy", "m", "ww", "d", "h", "n", "s"];

fn unit(args: &Arguments<'_>) -> Result<Unit, Halt> {
    let name = args.text(0)?.unwrap_or_default();
    let units = [Unit::Year, Unit::Month, Unit::Week, Unit::Day, Unit::Hour, Unit::Minute, Unit::Second];
    let found = INTERVALS.iter().position(|known| known.eq_ignore_ascii_case(&name));
    found
        .map(|index| units[index])
        .ok_or_else(|| args.fault(0, &format!("must be one of {}", INTERVALS.join(", "))))
}

fn date_add(args: &Arguments<'_>) -> Result<Value, Halt> {
    let unit = unit(args)?;
    let count = args.integer(1)?;
    let Some(time) = args.date_time(2)? else {
        return Ok(Value::Null);
    };
    let span = Span::new();
    let span = match unit {
        Unit::Year => span.try_years(count),
        Unit::Month => span.try_months(count),
        Unit::Week => span.try_weeks(count),
        Unit::Day => span.try_days(count),
        Unit::Hour => span.try_hours(count),
        Unit::Minute => span.try_minutes(count),
        Unit::Second => span.try_seconds(count),
    };
    let moved = span.and_then(|span| datetime::civil(time).checked_add(span)).ok();
    let moved = moved.and_then(datetime::timestamp);
    moved.map(Value::DateTime).ok_or_else(|| args.error(OUT_OF_RANGE))
}

fn date_diff(args: &Arguments<'_>) -> Result<Value, Halt> {
    let unit = unit(args)?;
    let (Some(first), Some(second)) = (args.date_time(1)?, args.date_time(2)?) else {
        return Ok(Value::Null);
    };
    let (from, to) = (datetime::civil(first), datetime::civil(second));
    let seconds = second.duration_since(first).as_secs();
    let years = i64::from(to.year()) - i64::from(from.year());
    Ok(Value::Integer(match unit {
        Unit::Year => years,
        Unit::Month => years * 12 + i64::from(to.month()) - i64::from(from.month()),
        Unit::Week => {
            // Both go back to their Sundays and keep their times of day.
            let moved = i64::from(from.weekday().to_sunday_zero_offset())
                - i64::from(to.weekday().to_sunday_zero_offset());
            (seconds + moved * 86_400) / 86_400 / 7
        }
        Unit::Day => seconds / 86_400,
        Unit::Hour => seconds / 3_600,
        Unit::Minute => seconds / 60,
        Unit::Second => seconds,
    }))
}

/// 1601-01-01, from which file times count, in ticks of 100 ns before 1970.
const FILE_TIME_EPOCH: i64 = 116_444_736_000_000_000;

fn date_from_num(args: &Arguments<'_>) -> Result<Value, Halt> {
    let Some(ticks) = args.optional_integer(0)? else {
        return Ok(Value::Null);
    };
    if ticks == i64::MAX {
        return Ok(Value::Null);
    }
    let nanoseconds = (i128::from(ticks) - i128::from(FILE_TIME_EPOCH)) * 100;
    let time = Timestamp::from_nanosecond(nanoseconds).ok();
    let time = time.filter(|time| ticks >= 0 && datetime::timestamp(datetime::civil(*time)).is_some());
    time.map(Value::DateTime).ok_or_else(|| args.error("the number is no Windows file time"))
}

fn num_from_date(args: &Arguments<'_>) -> Result<Value, Halt> {
    let Some(time) = args.date_time(0)? else {
        return Ok(Value::Null);
    };
    let ticks = time.as_nanosecond().div_euclid(100) + i128::from(FILE_TIME_EPOCH);
    let ticks = i64::try_from(ticks).ok().filter(|ticks| *ticks >= 0);
    ticks.map(Value::Integer).ok_or_else(|| args.error("file times begin with the year 1601"))
}

fn format_date_time(args: &Arguments<'_>) -> Result<Value, Halt> {
    let source = args.single(0)?;
    let styles = args.text(1)?.filter(|styles| !styles.is_empty());
    let styles = styles.map_or(Ok(Styles::DEFAULT), |styles| Styles::parse(&styles));
    let styles = styles.map_err(|error| args.fault(1, &format!("is not understood: {error}")))?;
    let format = |index| {
        let text = args.text(index)?.unwrap_or_default();
        Format::new(&text).map_err(|error| args.fault(index, &format!("is not understood: {error}")))
    };
    let (input, output) = (format(2)?, format(3)?);
    let Some(text) = source.text().filter(|text| !text.is_empty()) else {
        return Ok(Value::Null);
    };
    let (time, zone) = input.read(&text, styles).map_err(|error| {
        let shown = args.shown(&text);
        args.fault(0, &format!("is {shown}, which is not of the input format: {error}"))
    })?;
    Ok(Value::from(output.write(time, zone)))
}

/// Whether a constant is an interval, a format, or a list of styles; what is wrong if it is not.
pub(crate) fn check(kind: super::Kind, text: &str) -> Result<(), String> {
    match kind {
        Interval if !INTERVALS.iter().any(|known| known.eq_ignore_ascii_case(text)) => {
            Err(format!("must be one of {}", INTERVALS.join(", ")))
        }
        DateFormat => Format::new(text).map(drop).map_err(|error| format!("is not understood: {error}")),
        DateStyles if !text.is_empty() => {
            Styles::parse(text).map(drop).map_err(|error| format!("is not understood: {error}"))
        }
        DateTime => datetime::parse(text).map(drop).map_err(|error| format!("is not a date-time: {error}")),
        _ => Ok(()),
    }
}
