//! What the processes tell each other, and in the end the test: each appends to a file of its own what it asks and what is
//! answered, and reads the files of the others.

use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use billing::{
    ids::{GrantId, HoldId, PurchaseId, SpendId},
    wallet::{Booked, Outcome},
};
use serde::{Deserialize, Serialize};

use super::action::Action;

/// A line of a journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Under which key.
    pub key: String,
    pub action: Action,
    /// `None`: it is about to be asked.
    pub answer: Option<Answered>,
}

/// What was answered to an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answered {
    Wallet(Outcome),
    Bought(PurchaseId),
    Refunded,
    /// So many holds.
    Expired(usize),
}

/// What has come to be, for any process to act upon.
#[derive(Default)]
pub struct Known {
    pub holds: Vec<HoldId>,
    pub spends: Vec<SpendId>,
    pub grants: Vec<GrantId>,
    pub purchases: Vec<PurchaseId>,
    /// What was asked, whether it is answered or not.
    pub asked: Vec<Line>,
}

impl Known {
    fn learn(&mut self, line: Line) {
        match &line.answer {
            None => self.asked.push(line),
            Some(Answered::Bought(purchase)) => self.purchases.push(*purchase),
            Some(Answered::Wallet(Outcome::Done { written, .. })) => match written.as_ref() {
                Booked::Hold(hold) => self.holds.push(hold.id),
                Booked::Spend(spend) | Booked::Capture { spend, .. } => self.spends.push(spend.id),
                Booked::Spends(spends) => self.spends.extend(spends.iter().map(|spend| spend.id)),
                Booked::Grant(grant) => self.grants.push(grant.id),
                Booked::SpendReversal { .. } | Booked::GrantReversal { .. } => {}
            },
            Some(_) => {}
        }
    }
}

fn path(folder: &Path, process: usize) -> PathBuf {
    folder.join(format!("{process}.jsonl"))
}

/// The journal of one process.
pub struct Writer(File);

impl Writer {
    pub fn create(folder: &Path, process: usize) -> Self {
        Self(File::options().append(true).create_new(true).open(path(folder, process)).unwrap())
    }

    pub fn write(&mut self, line: &Line) {
        let mut text = serde_json::to_string(line).unwrap();
        text.push('\n');
        self.0.write_all(text.as_bytes()).unwrap();
    }
}

/// The journals of all processes, read on from where they were read to.
pub struct Reader {
    folder: PathBuf,
    /// Each with the beginning of a line that was not all there.
    files: Vec<(Option<File>, String)>,
    pub known: Known,
}

impl Reader {
    pub fn new(folder: PathBuf, processes: usize) -> Self {
        Self { folder, files: (0..processes).map(|_| (None, String::new())).collect(), known: Known::default() }
    }

    /// Reads the lines that were written since.
    pub fn read_on(&mut self) {
        for (process, (file, text)) in self.files.iter_mut().enumerate() {
            if file.is_none() {
                // A process that has only just started has no journal yet.
                *file = File::open(path(&self.folder, process)).ok();
            }
            let Some(file) = file else { continue };
            file.read_to_string(text).unwrap();
            let Some(end) = text.rfind('\n') else { continue };
            let rest = text.split_off(end + 1);
            for line in std::mem::replace(text, rest).lines() {
                self.known.learn(serde_json::from_str(line).unwrap());
            }
        }
    }
}

/// All lines of all journals.
pub fn read_all(folder: &Path, processes: usize) -> Vec<Line> {
    let texts = (0..processes).map(|process| std::fs::read_to_string(path(folder, process)).unwrap());
    texts.flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>()).collect()
}
