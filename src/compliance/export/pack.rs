//! The two threads that make the file, while the next events are read: one opens events and writes their lines, one packs and sends them.

use super::lines::{Columns, Shown, What, header};
use super::{Broken, CHUNKS_AHEAD, STALL_MAX, told};
use crate::audit::tree::{Matched, Tagged};
use crate::audit::{Disclosed, Log, Recorded};
use crate::compliance::archive::Writer as Archive;
use crate::compliance::entry::agreed;
use crate::compliance::is_removed;
use crate::compliance::model::Format;
use crate::ids::PatientId;
use crate::time::Timestamp;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Bytes sent at once. Lower: less memory. Higher: fewer pieces.
const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of lines that are packed at once, about. Lower: less memory. Higher: the two threads wait less for each other.
const PIECE_BYTES: usize = 128 * 1024;
/// Such pieces that are written before they are packed.
const PIECES_AHEAD: usize = 4;

/// What the writer is given.
pub enum Item {
    /// A new file in the archive begins.
    File(&'static str),
    Text(String),
    /// Events in the order of places, with the tags on them; and whether they are shown as what is proved or in the form for reading.
    Events {
        events: Vec<Matched>,
        tagged: Vec<Tagged>,
        as_proved: bool,
    },
}

/// What is known of a file, whole or not.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    pub rows: i64,
    pub hash: Sha256,
    /// The first event that was found altered, and how many.
    pub altered: Option<(Recorded, usize)>,
}

/// What the packer is given.
enum Piece {
    File(&'static str),
    Text(String),
}

/// Make the file. What comes back is its end, which nobody has yet.
pub async fn file(
    writer: Writer,
    packed: Arc<Mutex<Packed>>,
    items: mpsc::Receiver<Item>,
    out: mpsc::Sender<Result<Vec<u8>, Broken>>,
) -> anyhow::Result<io::Result<Vec<u8>>> {
    let (pieces, written) = mpsc::channel(PIECES_AHEAD);
    let writing = {
        let packed = packed.clone();
        spawn_blocking(move || writer.run(items, &pieces, &packed))
    };
    let end = spawn_blocking(move || pack(written, packed, out)).await?;
    writing.await?;
    Ok(end)
}

/// The first thread.
pub struct Writer {
    /// Before when what events say was removed.
    pub purged: Option<Timestamp>,
    /// The patient whose export it is: nobody else's id goes into it.
    pub patient: Option<PatientId>,
    pub log: Log,
    pub format: Format,
    pub origin: String,
}

impl Writer {
    /// Until there is nothing more, or nobody takes what is written.
    fn run(&self, mut items: mpsc::Receiver<Item>, pieces: &mpsc::Sender<Piece>, packed: &Mutex<Packed>) {
        while let Some(item) = items.blocking_recv() {
            let given = match item {
                Item::File(name) if self.format.view() == Some(name) => {
                    pieces.blocking_send(Piece::File(name)).and_then(|()| pieces.blocking_send(Piece::Text(header(self.format))))
                }
                Item::File(name) => pieces.blocking_send(Piece::File(name)),
                Item::Text(text) => pieces.blocking_send(Piece::Text(text)),
                Item::Events { events, tagged, as_proved } => self.events(&events, &tagged, as_proved, pieces, packed),
            };
            if given.is_err() {
                return;
            }
        }
    }

    fn events(
        &self,
        events: &[Matched],
        mut tagged: &[Tagged],
        as_proved: bool,
        pieces: &mpsc::Sender<Piece>,
        packed: &Mutex<Packed>,
    ) -> Result<(), mpsc::error::SendError<Piece>> {
        let mut text = String::with_capacity(PIECE_BYTES + PIECE_BYTES / 8);
        for matched in events {
            let event = &matched.event;
            let disclosed = self.log.disclose(event).filter(|disclosed| agreed(event, disclosed).is_some());
            if as_proved {
                packed.lock().unwrap_or_else(PoisonError::into_inner).count(event, disclosed.is_some() || is_removed(event, self.purged));
            }
            text += &self.line(matched, own(&mut tagged, matched.place), disclosed.as_ref(), as_proved);
            if text.len() >= PIECE_BYTES {
                let full = std::mem::replace(&mut text, String::with_capacity(PIECE_BYTES + PIECE_BYTES / 8));
                pieces.blocking_send(Piece::Text(full))?;
            }
        }
        pieces.blocking_send(Piece::Text(text))
    }

    fn line(&self, matched: &Matched, tagged: &[Tagged], disclosed: Option<&Disclosed>, as_proved: bool) -> String {
        let event = &matched.event;
        let payload_hash = event.payload_hash.as_slice().try_into().unwrap_or_default();
        let told = self.patient.zip(disclosed).and_then(|(patient, disclosed)| told::of(&disclosed.payload, patient.0));
        let what = match (disclosed, &told) {
            (_, Some(told)) => What::Told { payload_hash, told },
            (Some(disclosed), None) => What::Whole { salt: disclosed.salt, payload: &disclosed.payload },
            (None, None) => {
                let columns =
                    Columns { at: event.recorded_at.0, event: event.id.0, kind: &event.kind, outcome: &event.outcome, payload_hash };
                if is_removed(event, self.purged) { What::Removed(columns) } else { What::Altered(columns) }
            }
        };
        // A tag or number that is none makes another leaf than the one that was signed, and every verifier says so.
        let subject =
            |tagged: &Tagged| (tagged.tag.as_slice().try_into().unwrap_or_default(), tagged.n.unwrap_or_default().cast_unsigned());
        let shown = Shown { place: matched.place.cast_unsigned(), subjects: tagged.iter().map(subject).collect(), what };
        if as_proved { shown.line() } else { shown.view(self.format, &self.origin) }
    }
}

impl Packed {
    fn count(&mut self, event: &Recorded, intact: bool) {
        self.rows += 1;
        if !intact {
            self.altered.get_or_insert_with(|| (event.clone(), 0)).1 += 1;
        }
    }
}

/// The second thread.
fn pack(mut pieces: mpsc::Receiver<Piece>, packed: Arc<Mutex<Packed>>, out: mpsc::Sender<Result<Vec<u8>, Broken>>) -> io::Result<Vec<u8>> {
    let mut archive = Archive::begin(Chunks { out, buffer: Vec::new(), packed: packed.clone() });
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::File(name) => archive.file(name)?,
            Piece::Text(text) => archive.write(&text)?,
        }
    }
    let end = archive.finish()?.buffer;
    packed.lock().unwrap_or_else(PoisonError::into_inner).hash.update(&end);
    Ok(end)
}

/// The tags on the event at a place. Those before it belong to events that are not shown.
fn own<'a>(tagged: &mut &'a [Tagged], place: i64) -> &'a [Tagged] {
    let (_before, rest) = tagged.split_at(tagged.iter().take_while(|tag| tag.leaf < place).count());
    let (own, rest) = rest.split_at(rest.iter().take_while(|tag| tag.leaf == place).count());
    *tagged = rest;
    own
}

/// Takes the bytes of the archive, and gives them to the connection when there are enough of them.
struct Chunks {
    out: mpsc::Sender<Result<Vec<u8>, Broken>>,
    buffer: Vec<u8>,
    packed: Arc<Mutex<Packed>>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK_BYTES {
            let chunk = std::mem::take(&mut self.buffer);
            self.packed.lock().unwrap_or_else(PoisonError::into_inner).hash.update(&chunk);
            let sent = Handle::current().block_on(tokio::time::timeout(STALL_MAX, self.out.send(Ok(chunk))));
            sent.ok().and_then(Result::ok).ok_or(io::ErrorKind::BrokenPipe)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Wait until the connection has taken all that was sent.
pub async fn taken(out: &mpsc::Sender<Result<Vec<u8>, Broken>>) -> bool {
    matches!(tokio::time::timeout(STALL_MAX, out.reserve_many(CHUNKS_AHEAD)).await, Ok(Ok(_)))
}
