//! One file with several in it. The only file that knows the `zip` crate.
//!
//! Written from front to back without going back, so that it can be sent while it is made; no time and no owner are kept in it, so that the same
//! parts make the same bytes.

use anyhow::{Context, ensure};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use zip::read::ZipFile;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// How hard it is compressed. Lower: a long export comes sooner. Higher: it is smaller.
const LEVEL: i64 = 1;
/// Parts of an archive that is read. Ours have eight at most.
const PARTS_MAX: usize = 16;

/// An archive that is being made.
pub struct Writer<W: Write>(ZipWriter<StreamWriter<W>>);

impl<W: Write> Writer<W> {
    pub fn begin(out: W) -> Self {
        Self(ZipWriter::new_stream(out))
    }

    /// What is written from now on is the file of this name.
    pub fn file(&mut self, name: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).compression_level(Some(LEVEL));
        // Nobody knows yet how long it gets.
        self.0.start_file(name, options.large_file(true)).map_err(io::Error::from)
    }

    pub fn write(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes())
    }

    /// Write the end, and get back what it was written to.
    pub fn finish(self) -> io::Result<W> {
        Ok(self.0.finish()?.into_inner())
    }
}

/// An archive from a file. Each part is read from front to back; to read two at once, open it twice.
pub struct Archive(ZipArchive<BufReader<File>>);

impl Archive {
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("read {}", path.display()))?;
        let archive = ZipArchive::new(BufReader::new(file)).context("this is no whole .zip file")?;
        ensure!(archive.len() <= PARTS_MAX, "an export has no more than {PARTS_MAX} parts");
        Ok(Self(archive))
    }

    /// The names of its parts.
    pub fn names(&self) -> Vec<String> {
        self.0.file_names().filter_map(Result::ok).map(|name| name.into_owned()).collect()
    }

    /// A part, to be read. The end of reading fails if its checksum is not right.
    pub fn part(&mut self, name: &str) -> anyhow::Result<Part<'_>> {
        self.0.by_name(name).map(Part).with_context(|| format!("the part {name}"))
    }

    /// A short part as text.
    pub fn text(&mut self, name: &str, bytes_max: u64) -> anyhow::Result<String> {
        let mut text = String::new();
        self.part(name)?.take(bytes_max).read_to_string(&mut text).with_context(|| format!("the part {name}"))?;
        Ok(text)
    }
}

/// See [`Archive::part`].
pub struct Part<'a>(ZipFile<'a, BufReader<File>>);

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
