//! Reading a date-time by a format, as .NET's `ParseExact` does.

use super::format::{DAYS, Format, Item, MONTHS, Zone};
use super::styles::Styles;
use jiff::SignedDuration;
use jiff::civil::DateTime;

/// Two-digit years are between 1950 and 2049.
const LAST_SHORT_YEAR: i16 = 49;

/// What has been read so far. What a format does not name is midnight, the first day, January, the year 2000.
#[derive(Default)]
struct Parts {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    weekday: Option<usize>,
    hour: Option<i8>,
    afternoon: Option<bool>,
    twelve: bool,
    minute: Option<i8>,
    second: Option<i8>,
    nanosecond: Option<i32>,
    offset: Option<Offset>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Offset {
    Utc,
    Minutes(i32),
}

impl Format {
    /// Reads all of a text; a date-time with an offset is brought to UTC.
    pub(crate) fn read(&self, text: &str, styles: Styles) -> Result<(DateTime, Zone), String> {
        let text = if styles.leading() { text.trim_start() } else { text };
        let text = if styles.trailing() { text.trim_end() } else { text };
        let mut reader = Reader { text, at: 0 };
        let mut parts = Parts::default();
        for (index, item) in self.items.iter().enumerate() {
            if styles.inner() {
                reader.skip_space();
            }
            if let (Item::Literal('.'), Some(Item::ShortFraction(_))) = (item, self.items.get(index + 1)) {
                // The point goes with the digits, which may all be missing.
                reader.eat('.');
                continue;
            }
            reader.item(*item, &mut parts, styles)?;
        }
        if styles.inner() {
            reader.skip_space();
        }
        if reader.at < text.len() {
            return Err(format!("nothing of the format reads what stands at character {}", reader.place()));
        }
        parts.finish(styles)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn place(&self) -> usize {
        self.text[..self.at].chars().count() + 1
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn expected(&self, what: &str) -> String {
        format!("{what} is expected at character {}", self.place())
    }

    /// Digits, as many as there are within the bounds.
    fn digits(&mut self, least: usize, most: usize, what: &str) -> Result<i32, String> {
        let count = self.rest().bytes().take(most).take_while(u8::is_ascii_digit).count();
        if count < least {
            return Err(self.expected(what));
        }
        let number = self.rest()[..count].parse().map_err(|_| self.expected(what));
        self.at += count;
        number
    }

    /// A number that `count` letters of a format stand for: one letter reads one or two digits, more exactly as many.
    fn number(&mut self, count: usize, what: &str) -> Result<i8, String> {
        let most = count.max(2);
        let number = self.digits(count, most, what)?;
        i8::try_from(number).map_err(|_| self.expected(what))
    }

    fn name(&mut self, names: &[&str], short: bool, what: &str) -> Result<usize, String> {
        let shown = |name: &str| if short { name[..3].to_owned() } else { name.to_owned() };
        let found = names.iter().position(|name| {
            let name = shown(name);
            self.rest().get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(&name))
        });
        let index = found.ok_or_else(|| self.expected(what))?;
        self.at += shown(names[index]).len();
        Ok(index)
    }

    fn item(&mut self, item: Item, parts: &mut Parts, styles: Styles) -> Result<(), String> {
        match item {
            Item::Literal(letter) if letter.is_whitespace() && styles.inner() => {}
            Item::Literal(letter) => {
                if !self.eat(letter) {
                    return Err(self.expected(&format!("'{letter}'")));
                }
            }
            Item::Year(count @ 1..=2) => {
                let year = i16::from(self.number(count, "a year")?);
                set(&mut parts.year, if year > LAST_SHORT_YEAR { 1900 + year } else { 2000 + year })?;
            }
            Item::Year(count) => {
                let year = self.digits(count, count, &format!("a year of {count} digits"))?;
                set(&mut parts.year, i16::try_from(year).unwrap_or(i16::MAX))?;
            }
            Item::Month(count @ 1..=2) => set(&mut parts.month, self.number(count, "a month")?)?,
            Item::Month(count) => {
                let month = self.name(&MONTHS, count == 3, "the name of a month")?;
                set(&mut parts.month, i8::try_from(month + 1).unwrap_or(1))?;
            }
            Item::Day(count @ 1..=2) => set(&mut parts.day, self.number(count, "a day")?)?,
            Item::Day(count) => {
                parts.weekday = Some(self.name(&DAYS, count == 3, "the name of a day")?);
            }
            Item::Hour12(count) => {
                parts.twelve = true;
                set(&mut parts.hour, self.number(count, "an hour")?)?;
            }
            Item::Hour24(count) => set(&mut parts.hour, self.number(count, "an hour")?)?,
            Item::Minute(count) => set(&mut parts.minute, self.number(count, "minutes")?)?,
            Item::Second(count) => set(&mut parts.second, self.number(count, "seconds")?)?,
            Item::Fraction(count) => set(&mut parts.nanosecond, self.fraction(count, count)?)?,
            Item::ShortFraction(count) => set(&mut parts.nanosecond, self.fraction(0, count)?)?,
            Item::Half(count) => {
                let rest = self.rest().as_bytes();
                let afternoon = match rest.first().map(u8::to_ascii_uppercase) {
                    Some(b'A') => false,
                    Some(b'P') => true,
                    _ => return Err(self.expected("AM or PM")),
                };
                if count == 2 && rest.get(1).map(u8::to_ascii_uppercase) != Some(b'M') {
                    return Err(self.expected("AM or PM"));
                }
                self.at += count;
                set(&mut parts.afternoon, afternoon)?;
            }
            Item::Offset(count) => {
                let offset = self.offset(count)?;
                set(&mut parts.offset, offset)?;
            }
            Item::Zone => {
                let spaces = self.rest().len() - self.rest().trim_start().len();
                if self.rest().trim_start().starts_with(['Z', 'z', '+', '-']) {
                    self.at += spaces;
                    let offset = self.offset(3)?;
                    set(&mut parts.offset, offset)?;
                }
            }
            Item::Utc => {
                let found = ["GMT", "Z"].into_iter().find(|name| self.rest().starts_with(name));
                self.at += found.ok_or_else(|| self.expected("Z"))?.len();
                set(&mut parts.offset, Offset::Utc)?;
            }
            Item::Era => {
                let found = ["A.D.", "AD"].into_iter().find(|name| self.rest().starts_with(name));
                self.at += found.ok_or_else(|| self.expected("A.D."))?.len();
            }
        }
        Ok(())
    }

    fn fraction(&mut self, least: usize, most: usize) -> Result<i32, String> {
        let before = self.at;
        if least == 0 && !self.rest().starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(0);
        }
        let number = self.digits(least.max(1), most, "a fraction of a second")?;
        let read = u32::try_from(self.at - before).unwrap_or(9);
        Ok(number.saturating_mul(10_i32.pow(9_u32.saturating_sub(read))))
    }

    fn offset(&mut self, count: usize) -> Result<Offset, String> {
        if self.eat('Z') || self.eat('z') {
            return Ok(Offset::Utc);
        }
        let sign = if self.eat('+') {
            1
        } else if self.eat('-') {
            -1
        } else {
            return Err(self.expected("an offset like -07:00"));
        };
        let hours = self.digits(count.min(2), 2, "the hours of an offset")?;
        let mut minutes = 0;
        if count == 3 {
            self.eat(':');
            minutes = self.digits(2, 2, "the minutes of an offset")?;
        }
        if hours > 14 || minutes > 59 {
            return Err("an offset is 14 hours at most".to_owned());
        }
        Ok(Offset::Minutes(sign * (hours * 60 + minutes)))
    }
}

/// Keeps a part; a text that gives it twice must agree with itself.
fn set<T: PartialEq + Copy>(part: &mut Option<T>, value: T) -> Result<(), String> {
    if part.is_some_and(|before| before != value) {
        return Err("a part stands there twice, with different values".to_owned());
    }
    *part = Some(value);
    Ok(())
}

impl Parts {
    fn finish(self, styles: Styles) -> Result<(DateTime, Zone), String> {
        let hour = self.hour.unwrap_or(0);
        if self.twelve && !(0..=12).contains(&hour) || self.afternoon.is_some() && hour > 12 {
            return Err("the hour is not between 1 and 12".to_owned());
        }
        let hour = match self.afternoon {
            Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
            None => hour,
        };
        let time = DateTime::new(
            self.year.unwrap_or(2000),
            self.month.unwrap_or(1),
            self.day.unwrap_or(1),
            hour,
            self.minute.unwrap_or(0),
            self.second.unwrap_or(0),
            self.nanosecond.unwrap_or(0),
        );
        let time = time.map_err(|_| "there is no such date or time".to_owned())?;
        if self.weekday.is_some_and(|day| usize::try_from(time.weekday().to_sunday_zero_offset()) != Ok(day))
        {
            return Err("the day of the week is not that of the date".to_owned());
        }
        let (time, zone) = match self.offset {
            None if styles.assumes() && styles.adjusts() => (Some(time), Zone::Utc),
            None if styles.assumes() => (Some(time), Zone::Moved),
            None => (Some(time), Zone::Unspecified),
            Some(Offset::Utc) => (Some(time), Zone::Utc),
            Some(Offset::Minutes(minutes)) => {
                let moved = time.checked_sub(SignedDuration::from_mins(i64::from(minutes))).ok();
                (moved, if styles.adjusts() { Zone::Utc } else { Zone::Moved })
            }
        };
        let time = time.filter(|time| (1..=9999).contains(&time.year()));
        time.map(|time| (time, zone)).ok_or_else(|| super::OUT_OF_RANGE.to_owned())
    }
}
