//! JSON documents as MessagePack, for tests and benchmarks: what a shipper would have made of the
//! same record.
#![allow(
    unreachable_pub,
    dead_code,
    reason = "not every user of this file needs all of it"
)]

use serde_json::Value;

/// The shortest encoding, as shippers write it.
pub fn shortest(document: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder { choose: &mut |_| 0 }.value(document, &mut bytes);
    bytes
}

/// An encoding in which `choose` picks among so many possible headers, which are in the order of
/// their length.
pub fn chosen(document: &Value, choose: &mut dyn FnMut(usize) -> usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder { choose }.value(document, &mut bytes);
    bytes
}

struct Encoder<'c> {
    choose: &'c mut dyn FnMut(usize) -> usize,
}

impl Encoder<'_> {
    fn value(&mut self, document: &Value, out: &mut Vec<u8>) {
        match document {
            Value::Null => out.push(0xc0),
            Value::Bool(false) => out.push(0xc2),
            Value::Bool(true) => out.push(0xc3),
            Value::Number(number) => {
                if let Some(number) = number.as_i64() {
                    self.int(number, out);
                } else if let Some(number) = number.as_u64() {
                    out.push(0xcf);
                    out.extend(number.to_be_bytes());
                } else {
                    self.float(number.as_f64().unwrap(), out);
                }
            }
            Value::String(text) => self.text(text, out),
            Value::Array(elements) => {
                self.header(
                    elements.len(),
                    &[(0x90, 15, 0), (0xdc, 0xffff, 2), (0xdd, !0, 4)],
                    out,
                );
                for element in elements {
                    self.value(element, out);
                }
            }
            Value::Object(members) => {
                self.header(
                    members.len(),
                    &[(0x80, 15, 0), (0xde, 0xffff, 2), (0xdf, !0, 4)],
                    out,
                );
                for (name, value) in members {
                    self.text(name, out);
                    self.value(value, out);
                }
            }
        }
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        let forms = [
            (0xa0, 31, 0),
            (0xd9, 0xff, 1),
            (0xda, 0xffff, 2),
            (0xdb, !0, 4),
            // Byte strings that are UTF-8 count as text.
            (0xc4, 0xff, 1),
            (0xc5, 0xffff, 2),
            (0xc6, !0, 4),
        ];
        self.header(text.len(), &forms, out);
        out.extend_from_slice(text.as_bytes());
    }

    /// One of the forms (first byte, largest length, bytes of the length) that have room.
    fn header(&mut self, length: usize, forms: &[(u8, u32, usize)], out: &mut Vec<u8>) {
        let length = u32::try_from(length).unwrap();
        let fitting: Vec<_> = forms.iter().filter(|form| length <= form.1).collect();
        match *fitting[(self.choose)(fitting.len())] {
            (first, _, 0) => out.push(first | length as u8),
            (first, _, width) => {
                out.push(first);
                out.extend_from_slice(&length.to_be_bytes()[4 - width..]);
            }
        }
    }

    fn int(&mut self, number: i64, out: &mut Vec<u8>) {
        let mut forms: Vec<Vec<u8>> = Vec::new();
        if let -32..=127 = number {
            forms.push(vec![number as u8]);
        }
        let mut add = |first: u8, width: usize, fits: bool| {
            if fits {
                let mut form = vec![first];
                form.extend_from_slice(&number.to_be_bytes()[8 - width..]);
                forms.push(form);
            }
        };
        add(0xcc, 1, u8::try_from(number).is_ok());
        add(0xd0, 1, i8::try_from(number).is_ok());
        add(0xcd, 2, u16::try_from(number).is_ok());
        add(0xd1, 2, i16::try_from(number).is_ok());
        add(0xce, 4, u32::try_from(number).is_ok());
        add(0xd2, 4, i32::try_from(number).is_ok());
        add(0xcf, 8, number >= 0);
        add(0xd3, 8, true);
        out.extend_from_slice(&forms[(self.choose)(forms.len())]);
    }

    fn float(&mut self, number: f64, out: &mut Vec<u8>) {
        let narrow = number as f32;
        let exact = f64::from(narrow) == number;
        if exact && (self.choose)(2) == 1 {
            out.push(0xca);
            out.extend(narrow.to_be_bytes());
        } else {
            out.push(0xcb);
            out.extend(number.to_be_bytes());
        }
    }
}
