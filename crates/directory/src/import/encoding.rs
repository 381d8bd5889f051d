//! The encodings that spreadsheets and shells save files in, read as UTF-8.

use std::io::{self, BufRead, BufReader, Read};

/// How two bytes make a unit of UTF-16.
type Unit = fn([u8; 2]) -> u16;

/// A file as UTF-8 without its byte order mark; UTF-16 is told by its mark and decoded. What follows no mark is passed
/// on as it is: a row that is no UTF-8 is refused where it is read.
pub(super) struct Decoded<R> {
    input: BufReader<R>,
    /// `None` for UTF-8.
    unit: Option<Unit>,
    /// Units not decoded yet: the first half of a pair whose second half was not read.
    open: Option<u16>,
    /// Decoded bytes that did not fit.
    rest: Vec<u8>,
}

impl<R: Read> Decoded<R> {
    /// Reads the mark. The start of the file after it is at hand in [`Decoded::start`].
    pub fn new(file: R) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(64 * 1024, file);
        let start = input.fill_buf()?;
        let (mark, unit): (usize, Option<Unit>) = match start {
            [0xff, 0xfe, ..] => (2, Some(u16::from_le_bytes)),
            [0xfe, 0xff, ..] => (2, Some(u16::from_be_bytes)),
            [0xef, 0xbb, 0xbf, ..] => (3, None),
            _ => (0, None),
        };
        input.consume(mark);
        Ok(Self { input, unit, open: None, rest: Vec::new() })
    }

    /// Bytes at the start of the file, as they are in it.
    pub fn start(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    /// Decodes some more units; none at the end of the file.
    fn decode(&mut self, unit: Unit) -> io::Result<()> {
        let mut bytes = Vec::new();
        (&mut self.input).take(16 * 1024).read_to_end(&mut bytes)?;
        let units = self.open.take().into_iter().chain(bytes.chunks(2).map(|pair| match *pair {
            [first, second] => unit([first, second]),
            // Half a unit at the end of a file that was cut off.
            _ => REPLACEMENT,
        }));
        let mut units: Vec<u16> = units.collect();
        if !bytes.is_empty() && units.last().is_some_and(|unit| FIRST_HALVES.contains(unit)) {
            self.open = units.pop();
        }
        let mut buffer = [0; 4];
        for decoded in char::decode_utf16(units) {
            let char = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.rest.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
        }
        Ok(())
    }
}

const REPLACEMENT: u16 = 0xfffd;
/// The first halves of the pairs that stand for characters beyond the first 65,536.
const FIRST_HALVES: std::ops::RangeInclusive<u16> = 0xd800..=0xdbff;

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(unit) = self.unit else { return self.input.read(buffer) };
        while self.rest.is_empty() && (self.open.is_some() || !self.input.fill_buf()?.is_empty()) {
            self.decode(unit)?;
        }
        let size = self.rest.len().min(buffer.len());
        buffer[..size].copy_from_slice(&self.rest[..size]);
        self.rest.drain(..size);
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(bytes: &[u8]) -> String {
        let mut text = String::new();
        Decoded::new(bytes).expect("readable").read_to_string(&mut text).expect("UTF-8");
        text
    }

    proptest! {
        #[test]
        fn every_encoding_reads_the_same(text in "[a-z\u{e9}\u{4e2d}\u{1f600}\r\n]{0,9000}") {
            let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
                mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
            };
            prop_assert_eq!(&decoded(&utf16([0xff, 0xfe], u16::to_le_bytes)), &text);
            prop_assert_eq!(&decoded(&utf16([0xfe, 0xff], u16::to_be_bytes)), &text);
            prop_assert_eq!(&decoded(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), &text);
            prop_assert_eq!(&decoded(text.as_bytes()), &text);
        }
    }

    #[test]
    fn what_was_cut_off_is_marked() {
        assert_eq!(decoded(b"\xff\xfea\0\x3d\xd8"), "a\u{fffd}");
        assert_eq!(decoded(b"\xff\xfea\0b"), "a\u{fffd}");
    }
}
