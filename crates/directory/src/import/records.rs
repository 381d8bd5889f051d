//! Records of comma-separated values (RFC 4180), read one by one with a limit on each, and with recovery: a quote
//! that is never closed costs its own row, not the rest of the file.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read as _};

/// Longest line of a file, in bytes.
const MAX_LINE: usize = 256 * 1024;
/// Most lines that one record may span.
const MAX_LINES: usize = 50;

/// One record, or what is wrong with it. Lines count from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// Its cells.
    Cells { line: u64, cells: Vec<String> },
    /// It cannot be read.
    Broken { line: u64, reason: String },
}

/// Reads records from a file.
pub(super) struct Records<R> {
    input: R,
    separator: u8,
    line: u64,
    pending: VecDeque<Line>,
}

struct Line {
    number: u64,
    bytes: Vec<u8>,
    too_long: bool,
}

enum Parsed {
    Complete(Vec<Vec<u8>>),
    Open,
    Broken(&'static str),
}

const UNCLOSED: &str =
    "a quoted value is not closed: add the missing \" (a \" inside a quoted value is written \"\")";

impl<R: BufRead> Records<R> {
    /// Records of a file whose byte order mark has been read.
    pub fn new(input: R) -> Self {
        Self { input, separator: b',', line: 0, pending: VecDeque::new() }
    }

    /// Chooses the separator that the next line uses most.
    pub fn detect_separator(&mut self) -> io::Result<()> {
        let Some(line) = self.next_line()? else { return Ok(()) };
        let count = |separator: u8| {
            let mut quoted = false;
            let outside = |byte: &&u8| {
                quoted ^= **byte == b'"';
                !quoted && **byte == separator
            };
            line.bytes.iter().filter(outside).count()
        };
        // The last of the greatest wins: a comma where nothing speaks for another one.
        self.separator = [b'\t', b';', b','].into_iter().max_by_key(|byte| count(*byte)).unwrap_or(b',');
        self.pending.push_front(line);
        Ok(())
    }

    /// The next line that is not blank, without its end; for what precedes the header.
    pub fn peek_line(&mut self) -> io::Result<Option<String>> {
        loop {
            let Some(line) = self.next_line()? else { return Ok(None) };
            if blank(&line.bytes) && !line.too_long {
                continue;
            }
            let text = String::from_utf8_lossy(&line.bytes).into_owned();
            self.pending.push_front(line);
            return Ok(Some(text));
        }
    }

    /// Leaves out the next line.
    pub fn skip_line(&mut self) -> io::Result<()> {
        self.next_line().map(drop)
    }

    /// The next record that is not blank. One with another number of cells than `width` is broken, unless only
    /// empty cells are too many.
    pub fn next(&mut self, width: Option<usize>) -> io::Result<Option<Record>> {
        loop {
            let Some(first) = self.next_line()? else { return Ok(None) };
            let nothing = |byte: &u8| *byte == self.separator || byte.is_ascii_whitespace();
            if !first.too_long && first.bytes.iter().all(nothing) {
                continue;
            }
            return self.record(first, width).map(Some);
        }
    }

    fn record(&mut self, first: Line, width: Option<usize>) -> io::Result<Record> {
        let line = first.number;
        if first.too_long {
            return Ok(Record::Broken { line, reason: format!("the line is longer than {MAX_LINE} bytes") });
        }
        let mut text = first.bytes;
        let mut more: Vec<Line> = Vec::new();
        let result = loop {
            match parse(&text, self.separator) {
                Parsed::Complete(cells) => break cells_of(cells, width),
                Parsed::Broken(reason) => break Err(reason.to_owned()),
                Parsed::Open if more.len() + 1 >= MAX_LINES => break Err(UNCLOSED.to_owned()),
                Parsed::Open => match self.next_line()? {
                    Some(next) if !next.too_long => {
                        text.push(b'\n');
                        text.extend_from_slice(&next.bytes);
                        more.push(next);
                    }
                    Some(next) => {
                        more.push(next);
                        break Err(UNCLOSED.to_owned());
                    }
                    None => break Err(UNCLOSED.to_owned()),
                },
            }
        };
        Ok(match result {
            Ok(cells) => Record::Cells { line, cells },
            Err(reason) => {
                let reason = if more.is_empty() { reason } else { UNCLOSED.to_owned() };
                for line in more.into_iter().rev() {
                    self.pending.push_front(line);
                }
                Record::Broken { line, reason }
            }
        })
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.pending.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(MAX_LINE as u64 + 1).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        let too_long = bytes.len() > MAX_LINE && bytes.last() != Some(&b'\n');
        if too_long {
            bytes.clear();
            skip_to_line_end(&mut self.input)?;
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        Ok(Some(Line { number: self.line, bytes, too_long }))
    }
}

fn skip_to_line_end(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

fn blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

fn parse(text: &[u8], separator: u8) -> Parsed {
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        if text.get(at) == Some(&b'"') {
            let mut cell = Vec::new();
            at += 1;
            loop {
                match (text.get(at), text.get(at + 1)) {
                    (None, _) => return Parsed::Open,
                    (Some(b'"'), Some(b'"')) => {
                        cell.push(b'"');
                        at += 2;
                    }
                    (Some(b'"'), _) => {
                        at += 1;
                        break;
                    }
                    (Some(byte), _) => {
                        cell.push(*byte);
                        at += 1;
                    }
                }
            }
            if text.get(at).is_some_and(|byte| *byte != separator) {
                return Parsed::Broken(
                    "there is text after the \" that ends a quoted value: a \" inside it is written \"\"",
                );
            }
            cells.push(cell);
        } else {
            let end = text[at..].iter().position(|byte| *byte == separator).map_or(text.len(), |to| at + to);
            cells.push(text[at..end].to_vec());
            at = end;
        }
        if at >= text.len() {
            return Parsed::Complete(cells);
        }
        at += 1;
    }
}

fn cells_of(mut cells: Vec<Vec<u8>>, width: Option<usize>) -> Result<Vec<String>, String> {
    if let Some(width) = width {
        while cells.len() > width && cells.last().is_some_and(|cell| blank(cell)) {
            cells.pop();
        }
        if cells.len() != width {
            return Err(format!(
                "the row has {} values, the header has {width} columns: quote values that contain the separator",
                cells.len()
            ));
        }
    }
    let texts = cells.into_iter().map(String::from_utf8).collect::<Result<_, _>>();
    texts.map_err(|_| "the row is not UTF-8: save the file as \"CSV UTF-8\"".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, width: Option<usize>) -> Vec<Record> {
        let mut records = Records::new(text.as_bytes());
        records.detect_separator().expect("memory is readable");
        std::iter::from_fn(|| records.next(width).expect("memory is readable")).collect()
    }

    fn cells(line: u64, cells: &[&str]) -> Record {
        Record::Cells { line, cells: cells.iter().map(|&cell| cell.to_owned()).collect() }
    }

    #[test]
    fn separators_quotes_and_line_ends() {
        assert_eq!(
            read("a;\"b;\"\"x\"\"\";\r\n\r\n;;\n\"1\n2\";3;4", Some(3)),
            [cells(1, &["a", "b;\"x\"", ""]), cells(4, &["1\n2", "3", "4"])]
        );
        assert_eq!(read("a\tb,c\td", None), [cells(1, &["a", "b,c", "d"])]);
        assert_eq!(read("a,b,,\n", Some(2)), [cells(1, &["a", "b"])]);
    }

    #[test]
    fn an_open_quote_costs_its_own_row() {
        let found = read("a,\"b\nc,d\ne,f\n", Some(2));
        assert!(matches!(&found[0], Record::Broken { line: 1, .. }), "{found:?}");
        assert_eq!(found[1..], [cells(2, &["c", "d"]), cells(3, &["e", "f"])]);
        let found = read("a,\"b\nc,\"d\"\ne,f\n", Some(2));
        assert!(matches!(&found[0], Record::Broken { line: 1, .. }), "{found:?}");
        assert_eq!(found[1..], [cells(2, &["c", "d"]), cells(3, &["e", "f"])]);
    }

    #[test]
    fn a_line_without_end_is_one_broken_row() {
        let text = format!("a,b\n{}\nc,d\n", "x".repeat(MAX_LINE + 5));
        let found = read(&text, Some(2));
        assert!(matches!(&found[1], Record::Broken { line: 2, .. }), "{found:?}");
        assert_eq!(found[2], cells(3, &["c", "d"]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(rows in prop::collection::vec(prop::collection::vec("[a\",;\n é]{0,6}", 3), 1..5)) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).expect("memory is writable");
            }
            let text = String::from_utf8(writer.into_inner().expect("flushes")).expect("UTF-8");
            let mut records = Records::new(text.as_bytes());
            for row in &rows {
                let Some(Record::Cells { cells, .. }) = records.next(Some(3)).expect("readable") else {
                    panic!("no cells in {text:?}");
                };
                prop_assert_eq!(&cells, row);
            }
        }

        #[test]
        fn no_input_hangs_or_panics(text in "[a\",;\n\r\t]{0,200}") {
            read(&text, Some(2));
        }
    }
}
