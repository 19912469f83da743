//! A way between the program and a server on which things go wrong (TST-07): slowness, silence, cut connections, lost answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The largest piece that is passed on at once.
const PIECE_BYTES: usize = 16 * 1024;
/// How often a narrow way lets something through.
const DROP_EVERY: Duration = Duration::from_millis(20);
/// How PostgreSQL is asked to make a transaction last.
const COMMIT: &[u8] = b"COMMIT\0";

/// What goes wrong with what is on its way from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Each piece comes so much later.
    Delay(Duration),
    /// So many bytes in a second.
    Bandwidth(usize),
    /// The connection is reset as soon as somebody says something.
    Reset,
    /// Nothing arrives any more, and neither side is told.
    Swallow,
    /// The next answer of each connection ends after so many bytes, and the connection with it.
    Truncate(usize),
    /// The commit of this number from now, counted from 0, is cut off before it arrives.
    LoseCommit(usize),
    /// It arrives and is done, and the answer is cut off.
    LoseAnswerOfCommit(usize),
}

/// A proxy for TCP on a port of its own.
pub struct Proxy {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    fault: watch::Sender<Fault>,
    /// Raised to reset every connection that there is.
    resets: watch::Sender<u32>,
    commits: AtomicUsize,
}

impl Proxy {
    /// The way to a port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (fault, resets) = (watch::Sender::new(Fault::None), watch::Sender::new(0));
        let proxy =
            Self { port: listener.local_addr().unwrap().port(), state: Arc::new(State { fault, resets, commits: AtomicUsize::new(0) }) };
        let state = proxy.state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await {
                    tokio::spawn(Connection { client, server, state: state.clone(), deaf: false, lost: false }.run());
                }
            }
        });
        proxy
    }

    pub fn goes_wrong(&self, fault: Fault) {
        self.state.commits.store(0, Ordering::SeqCst);
        self.state.fault.send_replace(fault);
    }

    pub fn heals(&self) {
        self.goes_wrong(Fault::None);
    }

    /// Reset every connection that there is. New ones are made.
    pub fn resets_all(&self) {
        self.state.resets.send_modify(|resets| *resets += 1);
    }
}

struct Connection {
    client: TcpStream,
    server: TcpStream,
    state: Arc<State>,
    /// Bytes were swallowed: what follows them makes no sense, so it never works again.
    deaf: bool,
    /// The next answer is that to a commit, and is cut off.
    lost: bool,
}

/// Whether a connection goes on.
#[derive(PartialEq)]
enum Next {
    GoesOn,
    Ends,
}

impl Connection {
    async fn run(mut self) {
        let mut resets = self.state.resets.subscribe();
        let (mut asked, mut answered) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
        loop {
            let next = tokio::select! {
                read = self.client.read(&mut asked) => match read {
                    // The server does not hear of the end of a way that swallows.
                    Ok(0) | Err(_) if self.deaf => { let _until_reset = resets.changed().await; Next::Ends }
                    Ok(0) | Err(_) => return,
                    Ok(bytes) => self.asks(&asked[..bytes]).await,
                },
                read = self.server.read(&mut answered) => match read {
                    Ok(0) | Err(_) if self.deaf => { let _until_reset = resets.changed().await; Next::Ends }
                    Ok(0) | Err(_) => return,
                    Ok(bytes) => self.answers(&answered[..bytes]).await,
                },
                _ = resets.changed() => Next::Ends,
            };
            if next == Next::Ends {
                // A socket that does not linger is reset when it is closed.
                for stream in [&self.client, &self.server] {
                    stream.set_zero_linger().unwrap();
                }
                return;
            }
        }
    }

    async fn asks(&mut self, bytes: &[u8]) -> Next {
        let fault = *self.state.fault.borrow();
        if let Fault::LoseCommit(number) | Fault::LoseAnswerOfCommit(number) = fault
            && bytes.windows(COMMIT.len()).any(|part| part == COMMIT)
            && self.state.commits.fetch_add(1, Ordering::SeqCst) == number
        {
            if fault == Fault::LoseCommit(number) {
                return Next::Ends;
            }
            self.lost = true;
        }
        self.pass(bytes, fault, Way::There).await
    }

    async fn answers(&mut self, bytes: &[u8]) -> Next {
        let fault = *self.state.fault.borrow();
        match fault {
            _ if self.lost => Next::Ends,
            Fault::Truncate(at) => {
                self.pass(&bytes[..at.min(bytes.len())], Fault::None, Way::Back).await;
                Next::Ends
            }
            fault => self.pass(bytes, fault, Way::Back).await,
        }
    }

    async fn pass(&mut self, bytes: &[u8], fault: Fault, way: Way) -> Next {
        self.deaf |= fault == Fault::Swallow;
        if self.deaf {
            return Next::GoesOn;
        }
        let to = if way == Way::There { &mut self.server } else { &mut self.client };
        let sent = match fault {
            Fault::Reset => return Next::Ends,
            Fault::Delay(delay) => {
                tokio::time::sleep(delay).await;
                to.write_all(bytes).await
            }
            Fault::Bandwidth(per_second) => drip(to, bytes, per_second).await,
            _ => to.write_all(bytes).await,
        };
        if sent.is_ok() { Next::GoesOn } else { Next::Ends }
    }
}

#[derive(PartialEq)]
enum Way {
    There,
    Back,
}

async fn drip(to: &mut TcpStream, bytes: &[u8], per_second: usize) -> std::io::Result<()> {
    let drop = (per_second * DROP_EVERY.as_millis() as usize / 1_000).max(1);
    for piece in bytes.chunks(drop) {
        to.write_all(piece).await?;
        tokio::time::sleep(DROP_EVERY).await;
    }
    Ok(())
}
