//! Formats of .NET, standard and custom, and writing by them.

use jiff::civil::DateTime;
use std::fmt::Write as _;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Sunday.
pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// How a date-time came by its offset, which `K` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Without one.
    Unspecified,
    /// `Z`.
    Utc,
    /// Brought to UTC from another offset.
    Moved,
}

/// A format, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(super) items: Vec<Item>,
}

/// A part of a format; numbers are how often its letter is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Literal(char),
    Year(usize),
    Month(usize),
    Day(usize),
    Hour12(usize),
    Hour24(usize),
    Minute(usize),
    Second(usize),
    Fraction(usize),
    /// `F`, without zeros at the end.
    ShortFraction(usize),
    Half(usize),
    Offset(usize),
    /// `K`.
    Zone,
    /// `Z`, which reads as UTC and writes itself.
    Utc,
    Era,
}

/// What a format of a single letter stands for.
fn standard(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "M/d/yyyy",
        'D' => "dddd, MMMM d, yyyy",
        'f' => "dddd, MMMM d, yyyy h:mm tt",
        'F' | 'U' => "dddd, MMMM d, yyyy h:mm:ss tt",
        'g' => "M/d/yyyy h:mm tt",
        'G' => "M/d/yyyy h:mm:ss tt",
        'm' | 'M' => "MMMM d",
        'o' | 'O' => "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
        'r' | 'R' => "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
        's' => "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
        't' => "h:mm tt",
        'T' => "h:mm:ss tt",
        'u' => "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
        'y' | 'Y' => "MMMM yyyy",
        _ => return None,
    })
}

impl Format {
    /// Reads a format; says what is wrong with one that .NET refuses.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (None, _) => Err("the format is empty".to_owned()),
            (Some(letter), None) => match standard(letter) {
                Some(custom) => Self::custom(custom),
                None => Err(format!(
                    "'{letter}' alone is no format; write %{letter} for a custom format of one letter"
                )),
            },
            _ => Self::custom(text),
        }
    }

    fn custom(text: &str) -> Result<Self, String> {
        let letters: Vec<char> = text.chars().collect();
        let mut items = Vec::with_capacity(letters.len());
        let mut at = 0;
        while let Some(&letter) = letters.get(at) {
            let count = letters[at..].iter().take_while(|other| **other == letter).count();
            let single = |item: Item, most: usize| {
                if count > most {
                    Err(format!("'{letter}' is repeated {count} times, {most} is the most"))
                } else {
                    Ok((item, count))
                }
            };
            let (item, taken) = match letter {
                'y' => single(Item::Year(count), 9)?,
                'M' => (Item::Month(count.min(4)), count),
                'd' => (Item::Day(count.min(4)), count),
                'h' => (Item::Hour12(count.min(2)), count),
                'H' => (Item::Hour24(count.min(2)), count),
                'm' => (Item::Minute(count.min(2)), count),
                's' => (Item::Second(count.min(2)), count),
                // .NET has ticks of 100 ns; our own formats go on to what is written elsewhere.
                'f' => single(Item::Fraction(count), 7)?,
                'F' => single(Item::ShortFraction(count), 9)?,
                't' => (Item::Half(count.min(2)), count),
                'z' => (Item::Offset(count.min(3)), count),
                'g' => (Item::Era, count),
                'K' => (Item::Zone, 1),
                'Z' => (Item::Utc, 1),
                '\\' => {
                    let escaped = *letters.get(at + 1).ok_or("the format ends with a backslash")?;
                    (Item::Literal(escaped), 2)
                }
                '%' if matches!(letters.get(at + 1), None | Some('%')) => {
                    return Err("% stands before a letter of a format".to_owned());
                }
                '%' => {
                    at += 1;
                    continue;
                }
                '\'' | '"' => {
                    at = quoted(&letters, at, &mut items)?;
                    continue;
                }
                _ => (Item::Literal(letter), 1),
            };
            items.push(item);
            at += taken;
        }
        Ok(Self { items })
    }

    /// Writes a date-time, which is UTC.
    pub(crate) fn write(&self, time: DateTime, zone: Zone) -> String {
        let mut out = String::with_capacity(24);
        for item in &self.items {
            // Writing to a string cannot fail.
            let _ = write_item(&mut out, *item, time, zone);
        }
        out
    }
}

/// Adds what is between quotes; answers where it ends.
fn quoted(letters: &[char], start: usize, items: &mut Vec<Item>) -> Result<usize, String> {
    let mut at = start + 1;
    loop {
        match letters.get(at) {
            None => return Err(format!("the quotation mark {} is never closed", letters[start])),
            Some(letter) if *letter == letters[start] => return Ok(at + 1),
            Some('\\') => {
                let escaped = *letters.get(at + 1).ok_or("the format ends with a backslash")?;
                items.push(Item::Literal(escaped));
                at += 2;
            }
            Some(letter) => {
                items.push(Item::Literal(*letter));
                at += 1;
            }
        }
    }
}

fn write_item(out: &mut String, item: Item, time: DateTime, zone: Zone) -> std::fmt::Result {
    match item {
        Item::Literal(letter) => out.write_char(letter),
        Item::Year(count @ 1..=2) => write!(out, "{:0count$}", time.year() % 100),
        Item::Year(count) => write!(out, "{:0count$}", time.year()),
        Item::Month(count @ 1..=2) => write!(out, "{:0count$}", time.month()),
        Item::Month(count) => out.write_str(shortened(MONTHS[at(time.month() - 1) % 12], count)),
        Item::Day(count @ 1..=2) => write!(out, "{:0count$}", time.day()),
        Item::Day(count) => {
            let day = at(time.weekday().to_sunday_zero_offset());
            out.write_str(shortened(DAYS[day % 7], count))
        }
        Item::Hour12(count) => write!(out, "{:0count$}", (time.hour() + 11) % 12 + 1),
        Item::Hour24(count) => write!(out, "{:0count$}", time.hour()),
        Item::Minute(count) => write!(out, "{:0count$}", time.minute()),
        Item::Second(count) => write!(out, "{:0count$}", time.second()),
        Item::Fraction(count) => out.write_str(&fraction(time)[..count]),
        Item::ShortFraction(count) => {
            let digits = fraction(time);
            let digits = digits[..count].trim_end_matches('0');
            if digits.is_empty() && out.ends_with('.') {
                out.pop();
            }
            out.write_str(digits)
        }
        Item::Half(count) => {
            let half = if time.hour() < 12 { "AM" } else { "PM" };
            out.write_str(&half[..count.min(2)])
        }
        Item::Offset(1) => out.write_str("+0"),
        Item::Offset(2) => out.write_str("+00"),
        Item::Offset(_) => out.write_str("+00:00"),
        Item::Zone => out.write_str(match zone {
            Zone::Unspecified => "",
            Zone::Utc => "Z",
            Zone::Moved => "+00:00",
        }),
        Item::Utc => out.write_char('Z'),
        Item::Era => out.write_str("A.D."),
    }
}

fn at(small: i8) -> usize {
    usize::try_from(small).unwrap_or(0)
}

fn shortened(name: &str, count: usize) -> &str {
    if count == 3 { &name[..3] } else { name }
}

fn fraction(time: DateTime) -> String {
    format!("{:09}", time.subsec_nanosecond())
}
