//! How the server asks witnesses for their signatures (`outside.witnesses` in the configuration).
//!
//! The newest signed head is shown to each witness, with the proof that it goes on from the last one that this witness cosigned. What comes
//! back is checked with the witness's key and kept with the head, in `log.cosigned` in the data folder. No head waits for a
//! witness, and a witness that lies or hangs changes nothing here. One that saw a larger log than there is says that ours was cut off.

use super::http::Address;
use super::protocol::{self, Question, SIZE_TYPE};
use crate::app::App;
use crate::audit::tree::{self, Head, write_whole};
use crate::config::WitnessConfig;
use crate::time::{Millis, Timestamp};
use anyhow::{Context, bail, ensure};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long one question may take. Lower: a slow witness is given up sooner. Higher: one far away is heard.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a witness that did not cosign is left alone.
const PAUSE: Millis = Millis::minutes(1);
/// One question to learn its size, one that fits, one for a size that changed in between.
const QUESTIONS_MAX: usize = 3;

/// What is known of each witness, by its key.
#[derive(Debug, Default)]
pub struct Asker(Mutex<BTreeMap<String, Standing>>);

#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    /// The size that it cosigned last, as far as this process knows.
    cosigned: u64,
    not_before: Timestamp,
}

/// The newest head with the signatures of witnesses.
pub fn file(app: &App) -> PathBuf {
    app.config.data_dir.join("log.cosigned")
}

impl Asker {
    /// Show the newest head to each witness that has not cosigned it. How many did. What the others said is the error.
    pub async fn ask_all(&self, app: &App) -> anyhow::Result<usize> {
        let Some(head) = app.heads.last_signed().await else { return Ok(0) };
        let due = app.config.outside.witnesses.iter().map(|witness| (witness, self.of(&witness.vkey)));
        let due = due.filter(|(_, known)| known.cosigned < head.size && known.not_before <= app.now());
        let asked = due.map(async |(witness, known)| (witness, ask(app, witness, &head, known.cosigned).await));
        let (mut cosigned, mut wrong) = (0, Vec::new());
        for (witness, answer) in join_all(asked).await {
            let kept = answer.and_then(|line| keep(app, &head, &line));
            let standing = match kept {
                Ok(()) => Standing { cosigned: head.size, not_before: Timestamp(0) },
                Err(_) => Standing { cosigned: 0, not_before: app.now() + PAUSE },
            };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(witness.vkey.clone(), standing);
            match kept {
                Ok(()) => cosigned += 1,
                Err(error) => wrong.push(format!("{}: {error:#}", witness.url)),
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("; "));
        Ok(cosigned)
    }

    fn of(&self, vkey: &str) -> Standing {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(vkey).copied().unwrap_or_default()
    }
}

/// The witness's signature line for this head.
async fn ask(app: &App, witness: &WitnessConfig, head: &Head, mut old: u64) -> anyhow::Result<String> {
    let mut address = Address::parse(&witness.url, "/add-checkpoint")?;
    address.ca_file.clone_from(&witness.ca_file);
    for _ in 0..QUESTIONS_MAX {
        let question = Question { old, proof: proof(app, head, old).await?, note: head.note.clone() }.text();
        let asked = address.clone();
        let answer = tokio::task::spawn_blocking(move || asked.post(&question, PATIENCE)).await.context("ask a witness")??;
        match answer.status {
            200 => return signature(head, witness, &answer.body),
            409 if answer.content_type.split(';').next() == Some(SIZE_TYPE) => {
                let size = answer.body.strip_suffix('\n').and_then(protocol::size).context("a size that is none")?;
                ensure!(
                    size <= head.size,
                    "it cosigned {size} events of this log, and only {} are here: the log was cut off, or an older copy is in place",
                    head.size
                );
                ensure!(size != old, "it cosigned another log of {size} events under this name");
                old = size;
            }
            status => bail!("it answered {status}"),
        }
    }
    bail!("it did not agree in {QUESTIONS_MAX} questions")
}

/// That the head goes on from the one that the witness cosigned.
async fn proof(app: &App, head: &Head, old: u64) -> anyhow::Result<Vec<tree::Hash>> {
    if old == 0 || old == head.size {
        return Ok(Vec::new());
    }
    let mut tx = app.db.reading().await?;
    let root =
        tree::signed_root(&mut tx, old).await?.with_context(|| format!("it cosigned {old} events, and no such head was signed here"))?;
    tree::consistency(&mut tx, head.size, head.root, old, root).await
}

/// The line of the answer that is this witness's right signature.
fn signature(head: &Head, witness: &WitnessConfig, answer: &str) -> anyhow::Result<String> {
    let right = |line: &&str| {
        let cosigned = format!("{}{line}\n", head.note);
        Head::open(&cosigned, &[&head.signers[0], &witness.vkey]).is_ok_and(|head| head.signers.contains(&witness.vkey))
    };
    let line = answer.lines().find(right).context("its answer holds no right signature of its key")?;
    Ok(format!("{line}\n"))
}

/// Keep the signature with the head, and with those of other witnesses on it.
fn keep(app: &App, head: &Head, line: &str) -> anyhow::Result<()> {
    let file = file(app);
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let note = if kept.starts_with(&head.note) { kept } else { head.note.clone() };
    if note.contains(line) {
        return Ok(());
    }
    write_whole(&file, &format!("{note}{line}")).with_context(|| format!("write {}", file.display()))
}
