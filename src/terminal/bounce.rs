//! `anteroom bounce`: a mail system hands over a report that a letter came back.

use super::open;
use crate::mail::{REPORT_BYTES_MAX, bounce};
use anyhow::Context;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

/// "Try again later" in the words of mail systems (`sysexits.h`): the mail is kept and handed over again.
const TRY_AGAIN: u8 = 75;

/// A mail that says nothing to us is done with; only what could not be written down comes again.
pub async fn take(config: &Path) -> ExitCode {
    match read_and_take(config).await {
        Ok(taken) => {
            tracing::info!("{}", in_words(taken));
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::warn!(?error, "Could not take a delivery report: the mail system should try again");
            ExitCode::from(TRY_AGAIN)
        }
    }
}

async fn read_and_take(config: &Path) -> anyhow::Result<bounce::Taken> {
    let mut mail = Vec::new();
    // One byte more than is read, so that a longer one is seen to be longer.
    std::io::stdin().lock().take(REPORT_BYTES_MAX as u64 + 1).read_to_end(&mut mail).context("read the mail")?;
    let app = open(config).await?;
    let taken = bounce::take(&app, &app.system(), &mail).await.context("write down what came back");
    app.close().await;
    taken
}

fn in_words(taken: bounce::Taken) -> String {
    match taken {
        bounce::Taken::CameBack => "Came back: the links of that letter are withdrawn".to_owned(),
        bounce::Taken::Known => "Known: that letter was reported before, or has not left".to_owned(),
        bounce::Taken::NotFinal => "Not final: a delay or a success".to_owned(),
        bounce::Taken::NotOurs => "Not ours: the report names no letter that left here".to_owned(),
        bounce::Taken::Unread(why) => format!("No report: {why}"),
    }
}
