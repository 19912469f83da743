//! One question to one HTTP server, and its answer: small, bounded, over before a deadline. Blocks.
//!
//! HTTP/1.0, because then an answer ends where the connection ends. No redirect is followed and no cookie kept.

use crate::web::tls;
use anyhow::{Context, bail, ensure};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The longest answer that is read: a few headers and a few signatures.
const ANSWER_BYTES_MAX: u64 = 32 * 1024;

/// Where to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    secure: bool,
    host: String,
    port: u16,
    path: String,
    /// The authority that signed the server's certificate, if it is one of your own.
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

impl Address {
    /// Of a prefix such as `https://witness.example/w1`, and what follows it.
    pub fn parse(prefix: &str, path: &str) -> anyhow::Result<Self> {
        let (scheme, rest) = prefix.split_once("://").context("an address begins with https://")?;
        let secure = match scheme {
            "https" => true,
            "http" => false,
            _ => bail!("an address begins with https://"),
        };
        let (host, before) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path.trim_end_matches('/')));
        let after_name = host.rfind(']').map_or(0, |end| end);
        let (host, port) = match host[after_name..].rfind(':') {
            Some(colon) => (&host[..after_name + colon], host[after_name + colon + 1..].parse().context("the port of an address")?),
            None => (host, if secure { 443 } else { 80 }),
        };
        ensure!(!host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic()), "an address names a host");
        let path = if before.is_empty() { path.to_owned() } else { format!("/{before}{path}") };
        ensure!(path.bytes().all(|byte| byte.is_ascii_graphic()), "an address holds no space");
        Ok(Self { secure, host: host.to_owned(), port, path, ca_file: None })
    }

    /// Ask. Over before `patience` is, whatever the other side does.
    pub fn post(&self, body: &str, patience: Duration) -> anyhow::Result<Answer> {
        let until = Instant::now() + patience;
        let name = self.host.trim_matches(['[', ']']);
        let mut connected = None;
        for address in (name, self.port).to_socket_addrs().with_context(|| format!("find {}", self.host))? {
            connected = TcpStream::connect_timeout(&address, left(until)?).ok();
            if connected.is_some() {
                break;
            }
        }
        let stream = Bounded { stream: connected.with_context(|| format!("{} does not answer", self.host))?, until };
        let question = format!(
            "POST {} HTTP/1.0\r\nHost: {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.path,
            self.host,
            body.len()
        );
        if self.secure { exchange(tls::connect(name, stream, self.ca_file.as_deref())?, &question) } else { exchange(stream, &question) }
    }
}

fn exchange(mut stream: impl Read + Write, question: &str) -> anyhow::Result<Answer> {
    stream.write_all(question.as_bytes()).and_then(|()| stream.flush()).context("ask")?;
    let mut bytes = Vec::new();
    let mut answer = stream.take(ANSWER_BYTES_MAX + 1);
    // A server that ends TLS without a goodbye has said all the same what it said: what counts in it is signed.
    if let Err(error) = answer.read_to_end(&mut bytes)
        && error.kind() != std::io::ErrorKind::UnexpectedEof
    {
        return Err(error).context("read the answer");
    }
    ensure!(bytes.len() as u64 <= ANSWER_BYTES_MAX, "the answer is longer than {ANSWER_BYTES_MAX} bytes");
    parse(&String::from_utf8(bytes).ok().context("the answer is no text")?)
}

fn parse(text: &str) -> anyhow::Result<Answer> {
    let (head, body) = text.split_once("\r\n\r\n").context("the answer is not one of HTTP")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok());
    let header = |wanted: &str| {
        let mut found = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        found.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned())
    };
    // A cut answer is none.
    if let Some(length) = header("content-length") {
        ensure!(length.parse() == Ok(body.len()), "the answer is not whole");
    }
    Ok(Answer {
        status: status.context("the answer is not one of HTTP")?,
        content_type: header("content-type").unwrap_or_default(),
        body: body.to_owned(),
    })
}

/// A connection on which nothing goes on after a moment.
#[derive(Debug)]
pub struct Bounded {
    stream: TcpStream,
    until: Instant,
}

fn left(until: Instant) -> std::io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(std::io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

impl Read for Bounded {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.until)?))?;
        self.stream.read(buf)
    }
}

impl Write for Bounded {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.until)?))?;
        self.stream.write(buf)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let read = |prefix: &str| Address::parse(prefix, "/add-checkpoint").map(|a| (a.secure, a.host, a.port, a.path)).ok();
        let is = |secure, host: &str, port, path: &str| Some((secure, host.to_owned(), port, path.to_owned()));
        assert_eq!(read("https://w.example"), is(true, "w.example", 443, "/add-checkpoint"));
        assert_eq!(read("https://w.example:8443/a/b/"), is(true, "w.example", 8443, "/a/b/add-checkpoint"));
        assert_eq!(read("http://127.0.0.1:80"), is(false, "127.0.0.1", 80, "/add-checkpoint"));
        assert_eq!(read("http://[::1]:8420/w"), is(false, "[::1]", 8420, "/w/add-checkpoint"));
        assert_eq!(read("http://[::1]"), is(false, "[::1]", 80, "/add-checkpoint"));
        for wrong in ["", "w.example", "ftp://w.example", "https://", "https://w.example:x", "https://w\r\nX: y"] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_cut_answer_is_none() {
        assert_eq!(
            parse("HTTP/1.1 409 Conflict\r\ncontent-type: text/x.tlog.size\r\nContent-Length: 3\r\n\r\n12\n").expect("whole").status,
            409
        );
        for text in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12\n", "SMTP\r\n\r\n", "HTTP/1.1 x\r\n\r\n"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
