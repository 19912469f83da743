//! Where one message ends and the next begins on a stream (RFC 8656, 12.4 and 12.5), and channel data. Pure.

use super::stun::HEADER_BYTES;

/// The longest message on a stream. A datagram of a call has at most about 1,500 bytes.
pub const FRAME_BYTES_MAX: usize = 4 * 1024;
const CHANNEL_HEAD: usize = 4;
/// The numbers that channels may have. RFC 8656 narrowed them to 0x4FFF; clients of RFC 5766 use all whose first two bits are 01.
pub const CHANNELS: std::ops::RangeInclusive<u16> = 0x4000..=0x7FFF;

/// What was said breaks the framing: there is no way back into step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// Messages out of a stream, however it is torn.
#[derive(Debug, Default)]
pub struct Frames {
    waiting: Vec<u8>,
    read: usize,
}

impl Frames {
    /// Take in what came. Holds at most what is no whole message yet, and `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        self.waiting.drain(..self.read);
        self.read = 0;
        self.waiting.extend_from_slice(bytes);
    }

    /// The next whole message, without its padding.
    pub fn next_whole(&mut self) -> Result<Option<&[u8]>, Broken> {
        let rest = &self.waiting[self.read..];
        let Some(head) = rest.first_chunk::<4>() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (bytes, on_the_stream) = match head[0] >> 6 {
            0 => (HEADER_BYTES + length, HEADER_BYTES + length),
            1 => (CHANNEL_HEAD + length, CHANNEL_HEAD + length.next_multiple_of(4)),
            _ => return Err(Broken),
        };
        if on_the_stream > FRAME_BYTES_MAX {
            return Err(Broken);
        }
        if rest.len() < on_the_stream {
            return Ok(None);
        }
        let from = self.read;
        self.read += on_the_stream;
        Ok(Some(&self.waiting[from..from + bytes]))
    }
}

/// Pad a message as streams want it. Messages that are not channel data are whole already.
pub fn pad(message: &mut Vec<u8>) {
    message.resize(message.len().next_multiple_of(4), 0);
}

/// The channel and the data, if these bytes are channel data. A datagram may be padded.
pub fn channel_data(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let head = bytes.first_chunk::<CHANNEL_HEAD>()?;
    let (channel, length) = (u16::from_be_bytes([head[0], head[1]]), usize::from(u16::from_be_bytes([head[2], head[3]])));
    let data = bytes.get(CHANNEL_HEAD..CHANNEL_HEAD + length)?;
    (CHANNELS.contains(&channel) && bytes.len() - CHANNEL_HEAD <= length.next_multiple_of(4)).then_some((channel, data))
}

/// Channel data as a datagram. `data`: at most as long as one.
pub fn on_channel(channel: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(CHANNEL_HEAD + data.len() + 3);
    bytes.extend_from_slice(&channel.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&data[..usize::from(length)]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(frames: &mut Frames) -> Result<Vec<Vec<u8>>, Broken> {
        let mut found = Vec::new();
        while let Some(frame) = frames.next_whole()? {
            found.push(frame.to_vec());
        }
        Ok(found)
    }

    #[test]
    fn a_frame_that_is_too_long_or_no_frame_breaks_the_stream_at_once() {
        for head in [[0x40, 0x00, 0xFF, 0xFF], [0x00, 0x01, 0xFF, 0xFC], [0x80, 0, 0, 0], [b'G' | 0x80, b'E', b'T', b' ']] {
            let mut frames = Frames::default();
            frames.push(&head);
            assert_eq!(all(&mut frames), Err(Broken), "{head:?}");
        }
    }

    proptest! {
        #[test]
        fn a_stream_torn_anywhere_gives_the_same_messages(
            messages in prop::collection::vec((any::<bool>(), 0usize..200), 1..12),
            cuts in prop::collection::vec(1usize..90, 1..40),
        ) {
            let mut said = Vec::new();
            let mut stream = Vec::new();
            for (channel, length) in messages {
                let mut message = if channel {
                    on_channel(0x4001, &vec![7; length])
                } else {
                    let length = length.next_multiple_of(4);
                    [&[0, 1][..], &(length as u16).to_be_bytes(), &vec![3; 16 + length]].concat()
                };
                said.push(message.clone());
                pad(&mut message);
                stream.extend(message);
            }
            let (mut frames, mut heard, mut rest) = (Frames::default(), Vec::new(), &stream[..]);
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                frames.push(now);
                heard.extend(all(&mut frames).expect("a whole stream"));
                rest = later;
                if rest.is_empty() { break; }
            }
            prop_assert_eq!(heard, said);
        }

        #[test]
        fn no_bytes_make_it_panic_or_hold_more_than_a_frame(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..30)) {
            let mut frames = Frames::default();
            for chunk in chunks {
                frames.push(&chunk);
                if all(&mut frames).is_err() { break; }
                prop_assert!(frames.waiting.len() - frames.read <= FRAME_BYTES_MAX);
                let _either = channel_data(&chunk);
            }
        }
    }
}
