//! A connection before TLS that hands over one line at a time.
//!
//! The line that answers `STARTTLS` is the last one in the clear. Read ahead of it, the lines that somebody on the way put
//! behind it would wait in our buffer and then pass for answers that came under TLS. Left on the wire they are what TLS reads
//! first, and no handshake begins like that.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How much is looked at to find the end of a line. Higher: fewer looks at a large answer.
const PEEK_BYTES: usize = 2048;

#[derive(Debug)]
pub(super) struct LineByLine(TcpStream);

impl LineByLine {
    pub fn new(stream: TcpStream) -> Self {
        Self(stream)
    }
}

impl AsyncRead for LineByLine {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut space = [0; PEEK_BYTES];
        let mut seen = ReadBuf::new(&mut space[..PEEK_BYTES.min(buf.remaining())]);
        ready!(self.0.poll_peek(cx, &mut seen))?;
        let seen = seen.filled();
        let length = seen.iter().position(|byte| *byte == b'\n').map_or(seen.len(), |end| end + 1);
        let mut line = ReadBuf::new(&mut space[..length]);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut line))?;
        buf.put_slice(line.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineByLine {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for LineByLine {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}
