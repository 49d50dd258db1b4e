//! Messages to send: text that repeats itself as people's letters do, with the headers, the quotes, the HTML and the
//! attachments that mail has. The same seed makes the same message.

mod random;
mod words;

pub use random::Random;

/// One message, whole, with CRLF line ends; no line begins with a dot.
pub type Message = Vec<u8>;

/// A size in bytes, for the mix of a mailbox: many small ones, few large ones, 11 KiB in the mean.
#[must_use]
pub fn size(random: &mut Random) -> usize {
    match random.below(100) {
        0..40 => 2 << 10,
        40..75 => 4 << 10,
        75..90 => 12 << 10,
        90..97 => 40 << 10,
        _ => 120 << 10,
    }
}

/// A message of about that many bytes: plain text up to 8 KiB; above, text and HTML, and half of it an attachment.
#[must_use]
pub fn message(random: &mut Random, size: usize) -> Message {
    let boundary = format!("=_{:016x}", random.bits());
    let mut text = header(random);
    if size <= 8 << 10 {
        text.push_str("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
        paragraphs(random, size, &mut text);
        return text.into_bytes();
    }
    text.push_str(&format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n"));
    text.push_str(&format!("--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"));
    paragraphs(random, size / 5, &mut text);
    text.push_str(&format!("\r\n--{boundary}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"));
    html(random, size / 2, &mut text);
    text.push_str(&format!(
        "\r\n--{boundary}\r\nContent-Type: image/jpeg; name=\"{}.jpg\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment\r\n\r\n",
        random.word()
    ));
    attachment(random, size.saturating_sub(80), &mut text);
    text.push_str(&format!("--{boundary}--\r\n"));
    text.into_bytes()
}

/// A word that is in few of the messages, to search for.
#[must_use]
pub fn rare_word(random: &mut Random) -> String {
    random.name()
}

fn header(random: &mut Random) -> String {
    let (from, to, relay) = (random.name(), random.name(), random.name());
    let id = format!("{:016x}.{:08x}", random.bits(), random.below(u64::from(u32::MAX)));
    let (day, hour, minute) = (1 + random.below(28), random.below(24), random.below(60));
    let date = format!("{day} Sep 2026 {hour:02}:{minute:02}:{:02} +0200", random.below(60));
    let subject: Vec<_> = (0..3 + random.below(5)).map(|_| random.word()).collect();
    format!(
        "Return-Path: <{from}@{relay}.example>\r\n\
         Received: from mail.{relay}.example (mail.{relay}.example [192.0.2.{}])\r\n\tby mx.elsewhere.example \
         with ESMTPS id {id}\r\n\t(version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256);\r\n\t{date}\r\n\
         DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={relay}.example; s=s2026;\r\n\
         \th=from:to:subject:date:message-id; bh={};\r\n\tb={}\r\n\
         From: {} {from} <{from}@{relay}.example>\r\nTo: {to}@example.org\r\nSubject: {}\r\nDate: {date}\r\n\
         Message-ID: <{id}@{relay}.example>\r\nMIME-Version: 1.0\r\nX-Mailer: Letters 4.2\r\n",
        random.below(255),
        random.base64(44),
        random.base64(172),
        random.name(),
        subject.join(" "),
    )
}

/// Prose, some of it quoted, until `text` has that size.
fn paragraphs(random: &mut Random, size: usize, text: &mut String) {
    let begun = text.len();
    let size = size.max(200).saturating_sub(if size <= 8 << 10 { begun } else { 0 });
    while text.len() - begun < size {
        let quote = if random.below(4) == 0 { "> " } else { "" };
        for _ in 0..1 + random.below(6) {
            let mut line = quote.to_owned();
            while line.len() < 66 {
                line.push_str(random.word());
                line.push_str(match random.below(12) {
                    0 => ", ",
                    1 => ". ",
                    _ => " ",
                });
            }
            if random.below(8) == 0 {
                line.push_str(&random.name());
            }
            text.push_str(line.trim_end());
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
    }
}

fn html(random: &mut Random, until: usize, text: &mut String) {
    text.push_str(
        "<html><head><style>td{font-family:Arial,sans-serif;font-size:14px}</style></head><body><table>\r\n",
    );
    while text.len() < until {
        text.push_str("<tr><td style=\"padding:0 12px 6px 0;color:#333333\" valign=\"top\"><p>");
        for _ in 0..6 + random.below(8) {
            text.push_str(random.word());
            text.push(' ');
        }
        text.push_str(&format!(
            "<a href=\"https://www.{}.example/{:08x}\">",
            random.name(),
            random.bits() >> 32
        ));
        text.push_str(&format!("{}</a></p></td></tr>\r\n", random.word()));
    }
    text.push_str("</table></body></html>\r\n");
}

/// Octets of a picture, which do not compress.
fn attachment(random: &mut Random, until: usize, text: &mut String) {
    while text.len() < until {
        text.push_str(&random.base64(76));
        text.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_met_and_lines_are_lines() {
        for wanted in [2 << 10, 4 << 10, 12 << 10, 64 << 10, 120 << 10] {
            for seed in 0..20 {
                let message = message(&mut Random::new(seed), wanted);
                assert!(message.len().abs_diff(wanted) < 600 + wanted / 20, "{wanted}: {}", message.len());
                let text = String::from_utf8(message).expect("UTF-8");
                assert!(text.ends_with("\r\n") && text.contains("\r\n\r\n"));
                for line in text.split_terminator("\r\n") {
                    assert!(
                        !line.contains(['\r', '\n']) && !line.starts_with('.') && line.len() < 998,
                        "{line:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_seed_decides_and_another_differs() {
        let of = |seed| message(&mut Random::new(seed), 4096);
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }

    #[test]
    fn the_mix_has_the_mean_it_says() {
        let mut random = Random::new(1);
        let mean = (0..10_000).map(|_| size(&mut random)).sum::<usize>() / 10_000;
        assert!(mean.abs_diff(11 << 10) < 1 << 10, "{mean}");
    }
}
